import { AppError } from "@sophia/core/errors/app-error";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import type { CommandContext } from "../commands/command-context.ts";
import { runImportValues } from "../secrets-migrate/import-values.ts";
import { openBackend } from "./open-backend.ts";

export interface ImportWords {
  file: string | undefined;
  environment?: boolean;
  name?: readonly string[];
  stage?: Stage;
  dryRun?: boolean;
  replace?: boolean;
  remove?: boolean;
  json?: boolean;
}

/** `secrets import`: from a file or from this shell. */
export async function runImport(context: CommandContext, words: ImportWords): Promise<number> {
  const { file, environment = false } = words;
  if ((file !== undefined) === environment) {
    throw new AppError("invalid_input", "Name the file to import, or --environment for the variables of this shell.", {
      hint: "For example: secrets import .env --dry-run",
    });
  }
  const store = await openBackend(context);
  return await runImportValues(context, {
    store,
    stage: words.stage ?? store.stage,
    file,
    names: words.name ?? [],
    dryRun: words.dryRun === true,
    replace: words.replace === true,
    remove: words.remove === true,
    json: words.json === true,
  });
}
