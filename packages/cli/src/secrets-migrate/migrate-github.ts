import { AppError } from "@sophia/core/errors/app-error";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import type { CommandContext } from "../commands/command-context.ts";
import type { MigrationStore } from "./migration-store.ts";

export interface MigrateGithubOptions {
  store: MigrationStore;
  /** OWNER/REPO. */
  repository: string;
  /** Where secrets of the repository and the organisation go. GitHub environments named as a stage go to that stage. */
  stage: Stage;
  /** GitHub environments whose secrets are exported too; asked of GitHub when there is a token. */
  environments: readonly string[];
  /** A local clone: gets the branches with the export workflow and with the rewritten workflows. */
  clone: string | undefined;
  /** The artifacts of the export run (zip or json, several); asked of GitHub when there is a token. */
  results: readonly string[];
  /** Pulumi organisation that the rewritten workflows read from; that of the store when it is Pulumi Cloud. */
  organisation: string | undefined;
  /** Starts the export workflow on GitHub once it is on the default branch. Needs a token. */
  dispatch: boolean;
  /** Export these one by one instead of all at once: needed where all together are more than 128 KB. */
  names: readonly string[];
  /** Overwrites what the store holds with another value; else such a secret is kept aside under its own name. */
  replace: boolean;
  /** Proposes to delete what is migrated and verified; once that is approved, deletes. Needs a token. */
  delete: boolean;
  /** After a deletion: gives the values back to GitHub. Needs a token. */
  writeBack: boolean;
  dryRun: boolean;
  json: boolean;
}

/** `sophia secrets migrate github OWNER/REPO`: goes as far as it can, and says what is missing for the next step. */
export async function runMigrateGithub(_context: CommandContext, _options: MigrateGithubOptions): Promise<number> {
  throw new AppError("not_configured", "Migration is not there yet.");
}
