import { type Command, Option } from "commander";
import { type ChooseSecrets, type StageOption, stageOption } from "./choose.ts";

interface ImportFlags extends StageOption {
  environment?: boolean;
  name?: string[];
  dryRun?: boolean;
  replace?: boolean;
  remove?: boolean;
  json?: boolean;
}

interface GithubFlags extends StageOption {
  env?: string[];
  clone?: string;
  result?: string[];
  organisation?: string;
  dispatch?: boolean;
  replace?: boolean;
  delete?: boolean;
  again?: boolean;
  name?: string[];
  dryRun?: boolean;
  json?: boolean;
}

/** Commands that bring secrets in from elsewhere, and take that back. */
export function addMoving(secrets: Command, { mend, undo }: { mend: ChooseSecrets; undo: ChooseSecrets }): void {
  secrets
    .command("import [file]")
    .description(
      "bring the variables of an .env file (- is stdin), or of this shell with --environment, to their places",
    )
    .option("--environment", "the variables of this shell instead of a file")
    .option("--name <names...>", "only these")
    .addOption(stageOption())
    .option("--dry-run", "show the plan and change nothing")
    .option("--replace", "overwrite values that differ")
    .option("--remove", "afterwards take the imported lines out of the file; a sealed copy is kept")
    .option("--json", "print JSON")
    .action((file: string | undefined, options: ImportFlags) =>
      mend(async (context) => {
        const { runImport } = await import("../import.ts");
        return await runImport(context, { file, ...options });
      }),
    );
  addMigrate(secrets, undo);
}

function addMigrate(secrets: Command, choose: ChooseSecrets): void {
  const migrate = secrets
    .command("migrate")
    .description("bring secrets over from GitHub, with proof and a way back")
    .addOption(new Option("--undo [run]", "put back what a migration or import changed; the newest when none is named"))
    .option("--list", "the migrations and imports there were")
    .option("--dry-run", "show the plan and change nothing")
    .option("--json", "print JSON")
    .action((options: { undo?: string | true; list?: boolean; dryRun?: boolean; json?: boolean }) =>
      choose(async (context) => {
        const { runMigrate } = await import("../migrate.ts");
        return await runMigrate(context, options);
      }),
    );
  migrate
    .command("github <repository>")
    .description("secrets of OWNER/REPO, its organisation and its environments")
    .addOption(stageOption())
    .option("--env <names...>", "GitHub environments, where no token can ask for them")
    .option("--clone <folder>", "a local clone: gets branches with the export and the rewritten workflows")
    .option("--result <files...>", "artifacts of the export run")
    .option("--organisation <name>", "Pulumi organisation that the rewritten workflows read from")
    .option("--dispatch", "start the export workflow on GitHub")
    .option("--replace", "overwrite values that differ")
    .option("--delete", "propose to delete what is migrated; once that is approved, delete it")
    .option("--again", "begin anew although an earlier migration of the repository is not over")
    .option("--name <names...>", "export these one by one: where all together are more than 128 KB")
    .option("--dry-run", "show the plan and change nothing")
    .option("--json", "print JSON")
    .action((repository: string, options: GithubFlags, command: Command) =>
      choose(async (context) => {
        const { runMigrateFromGithub } = await import("../migrate.ts");
        // --dry-run and --json are options of the command above as well, which takes them first.
        const above = command.parent?.opts<{ dryRun?: boolean; json?: boolean }>() ?? {};
        return await runMigrateFromGithub(context, { repository, ...above, ...options });
      }),
    );
}
