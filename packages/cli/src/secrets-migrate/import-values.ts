import { AppError } from "@sophia/core/errors/app-error";
import type { SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import type { CommandContext } from "../commands/command-context.ts";

export interface ImportOptions {
  backend: SecretBackend;
  stage: Stage;
  /** An `.env` file; undefined for the variables of this process. */
  file: string | undefined;
  /** Only these variables; all that may hold settings when empty. */
  names: readonly string[];
  /** Shows the plan and changes nothing. */
  dryRun: boolean;
  /** Overwrites what the store holds with another value; else such a variable is left alone and told. */
  replace: boolean;
  /** Afterwards takes the imported lines out of the file; an encrypted copy of it is kept first. */
  remove: boolean;
  json: boolean;
}

/** `sophia secrets import FILE|--environment`. Exit code 1 when something was left for the person to decide. */
export async function runImportValues(_context: CommandContext, _options: ImportOptions): Promise<number> {
  throw new AppError("not_configured", "Importing is not there yet.");
}
