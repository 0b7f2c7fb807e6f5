import { AppError } from "@sophia/core/errors/app-error";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import type { CommandContext } from "../commands/command-context.ts";
import { runMigrateGithub } from "../secrets-migrate/migrate-github.ts";
import { runMigrateList } from "../secrets-migrate/migrate-list.ts";
import { runMigrateUndo } from "../secrets-migrate/migrate-undo.ts";
import { openBackend } from "./open-backend.ts";

export interface MigrateWords {
  undo?: string | true;
  list?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** `secrets migrate --undo` and `--list`. */
export async function runMigrate(context: CommandContext, { undo, list, dryRun, json }: MigrateWords): Promise<number> {
  if (undo === undefined) {
    if (list === true) return await runMigrateList(context, { store: await openBackend(context), json: json === true });
    throw new AppError("invalid_input", "From where?", {
      hint: "secrets migrate github OWNER/REPO --dry-run shows the plan; --undo takes a migration back, --list shows those there were.",
    });
  }
  const store = await openBackend(context);
  const run = undo === true ? undefined : undo;
  return await runMigrateUndo(context, { store, run, dryRun: dryRun === true, json: json === true });
}

export interface MigrateGithubWords {
  repository: string;
  stage?: Stage;
  env?: readonly string[];
  clone?: string;
  result?: readonly string[];
  organisation?: string;
  dispatch?: boolean;
  replace?: boolean;
  delete?: boolean;
  again?: boolean;
  name?: readonly string[];
  dryRun?: boolean;
  json?: boolean;
}

/** `secrets migrate github OWNER/REPO`. */
export async function runMigrateFromGithub(context: CommandContext, words: MigrateGithubWords): Promise<number> {
  const store = await openBackend(context);
  return await runMigrateGithub(context, {
    store,
    repository: words.repository,
    stage: words.stage ?? store.stage,
    environments: words.env ?? [],
    clone: words.clone,
    results: words.result ?? [],
    organisation: words.organisation,
    dispatch: words.dispatch === true,
    replace: words.replace === true,
    delete: words.delete === true,
    again: words.again === true,
    names: words.name ?? [],
    dryRun: words.dryRun === true,
    json: words.json === true,
  });
}
