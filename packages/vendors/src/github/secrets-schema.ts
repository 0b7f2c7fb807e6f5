import { z } from "zod";

export const SecretAnswer = z
  .object({ name: z.string(), updated_at: z.string() })
  .transform(({ name, updated_at }) => ({ name, updatedAt: updated_at }));
/** A secret as GitHub lists it: never with its value. */
export type SecretEntry = z.output<typeof SecretAnswer>;

export const SecretPage = z.object({ total_count: z.number(), secrets: z.array(SecretAnswer) });
export const EnvironmentPage = z.object({
  total_count: z.number().default(0),
  environments: z.array(z.object({ name: z.string() })).default([]),
});
export const PublicKeyAnswer = z
  .object({ key_id: z.string(), key: z.string() })
  .transform(({ key_id, key }) => ({ keyId: key_id, key }));
export const RepositoryAnswer = z
  .object({ default_branch: z.string() })
  .transform(({ default_branch }) => ({ defaultBranch: default_branch }));
export const ReferenceAnswer = z
  .object({ object: z.object({ sha: z.string() }) })
  .transform(({ object }) => ({ commit: object.sha }));

export const WorkflowRunAnswer = z
  .object({
    id: z.number(),
    status: z.string().nullable(),
    conclusion: z.string().nullable(),
    event: z.string(),
    path: z.string(),
    created_at: z.string(),
    html_url: z.string(),
  })
  .transform(({ id, status, conclusion, event, path, created_at, html_url }) => ({
    id,
    /** `completed`, or what it waits for. */
    status: status ?? "unknown",
    /** `success` or how it failed; undefined while it runs. */
    conclusion: conclusion ?? undefined,
    event,
    path,
    createdAt: created_at,
    pageUrl: html_url,
  }));
export type WorkflowRun = z.output<typeof WorkflowRunAnswer>;

export const WorkflowRunPage = z.object({ workflow_runs: z.array(WorkflowRunAnswer) });
export const DispatchAnswer = z.object({ workflow_run_id: z.number() }).optional();

const Artifact = z.object({
  id: z.number(),
  name: z.string(),
  expired: z.boolean(),
  size_in_bytes: z.number(),
  digest: z.string().nullish(),
});
export type Artifact = z.output<typeof Artifact>;
export const ArtifactPage = z.object({ total_count: z.number(), artifacts: z.array(Artifact) });
