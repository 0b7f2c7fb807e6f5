import { stages } from "@sophia/core/secrets/settings/group-environments";
import { z } from "zod";

const BranchRecord = z.object({
  clone: z.string(),
  name: z.string(),
  /** Where it begins, and the one commit on it. */
  base: z.string(),
  commit: z.string(),
});
export type BranchRecord = z.infer<typeof BranchRecord>;

/** An environment that this run writes. Its text before is in the sealed backup. */
const EnvironmentRecord = z.object({
  id: z.string(),
  /** Undefined: there was none, and undoing deletes it. */
  revisionBefore: z.number().int().optional(),
  /** The newest revision that this run made; undefined while none is known to be kept. */
  revisionAfter: z.number().int().optional(),
  undone: z.boolean().default(false),
});
export type EnvironmentRecord = z.infer<typeof EnvironmentRecord>;

const SecretRecord = z.object({
  scope: z.string(),
  name: z.string(),
  /** Where the value lives. */
  environment: z.string(),
  path: z.array(z.string()),
  /** HMAC-SHA-256 in hex: of the runner's own key for GitHub, of the store's for a file. */
  fingerprint: z.string(),
  /** What the store opens has this fingerprint. */
  verified: z.boolean(),
});
export type SecretRecord = z.infer<typeof SecretRecord>;

const DeletionItem = z.object({
  scope: z.string(),
  name: z.string(),
  /** When GitHub says it was last set; another time later means another value. */
  updatedAt: z.string(),
  state: z.enum(["planned", "deleting", "deleted", "written back"]),
});
export type DeletionItem = z.infer<typeof DeletionItem>;

/** Everything about one migration or import but the values. One file, replaced whole after each step. */
export const RunState = z.object({
  version: z.literal(1),
  id: z.string(),
  kind: z.enum(["github", "file", "environment"]),
  /** OWNER/REPO, the file's path, or `environment`. */
  source: z.string(),
  stage: z.enum(stages),
  createdAt: z.number(),
  phase: z.enum(["exporting", "importing", "verified", "deleting", "deleted", "undone"]),
  environments: z.array(EnvironmentRecord).default([]),
  secrets: z.array(SecretRecord).default([]),
  github: z
    .object({
      environments: z.array(z.string()),
      names: z.array(z.string()),
      publicKey: z.string(),
      expiresAt: z.number(),
      /** When the export was started through the API, and which run of the workflow it is. */
      dispatchedAt: z.number().optional(),
      workflowRun: z.number().int().optional(),
      /** When the runner read the secrets, at the earliest; one that was set later must not be deleted. */
      exportedAfter: z.number().optional(),
      exportBranch: BranchRecord.optional(),
      rewriteBranch: BranchRecord.optional(),
      /** Names that a workflow still reads from GitHub. */
      stillUsed: z.array(z.string()).default([]),
    })
    .optional(),
  file: z.object({ removed: z.boolean() }).optional(),
  deletion: z.object({ planId: z.string(), begun: z.boolean(), items: z.array(DeletionItem) }).optional(),
});
export type RunState = z.infer<typeof RunState>;

/** `branch` of the workflow rewriting and of the export differ only in this. */
export const branchPrefix = "sophia/secrets-";
