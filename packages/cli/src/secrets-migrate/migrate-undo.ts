import { AppError } from "@sophia/core/errors/app-error";
import type { CommandContext } from "../commands/command-context.ts";
import type { MigrationStore } from "./migration-store.ts";

export interface MigrateUndoOptions {
  store: MigrationStore;
  /** Id of a migration or import; undefined for the newest that can be undone. */
  run: string | undefined;
  dryRun: boolean;
  json: boolean;
}

/** `sophia secrets migrate --undo [RUN]`: environments, files, branches and plans as they were before. */
export async function runMigrateUndo(_context: CommandContext, _options: MigrateUndoOptions): Promise<number> {
  throw new AppError("not_configured", "Undoing is not there yet.");
}
