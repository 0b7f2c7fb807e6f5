import type { Command } from "commander";
import { type ChooseSecrets, parseLimit, parseRevision } from "./choose.ts";

/** Commands that change nothing. */
export function addReading(secrets: Command, choose: ChooseSecrets): void {
  addLists(secrets, choose);
  addValues(secrets, choose);
  secrets
    .command("run <environment> [command...]")
    .description("run a program with the variables and files of an environment: run NAME -- CMD")
    .option("-i, --interactive", "give it the terminal itself; nothing it prints is masked")
    .passThroughOptions()
    .action((environment: string, command: string[], options: { interactive?: boolean }) =>
      choose(async (context) => {
        const { runRun } = await import("../run-command.ts");
        // Options of the program are passed through, and so is the -- before it.
        const program = command[0] === "--" ? command.slice(1) : command;
        return await runRun(context, { environment, command: program, interactive: options.interactive === true });
      }),
    );
}

function addLists(secrets: Command, choose: ChooseSecrets): void {
  secrets
    .command("ls")
    .description("names of the environments")
    .option("-p, --project <name>", "only those of one project")
    .option("-l, --long", "with revision, time and tags")
    .option("--limit <number>", "so many at a time", parseLimit, 100)
    .option("--cursor <cursor>", "go on where a page ended")
    .option("--json", "print JSON")
    .action((options: { project?: string; long?: boolean; limit: number; cursor?: string; json?: boolean }) =>
      choose(async (context) => {
        const { runListEnvironments } = await import("../list-environments.ts");
        const { project, cursor, limit } = options;
        const flags = { long: options.long === true, json: options.json === true };
        return await runListEnvironments(context, { project, cursor, limit, ...flags });
      }),
    );
  secrets
    .command("log <environment>")
    .description("who changed an environment, newest first")
    .option("--limit <number>", "so many at a time", parseLimit, 20)
    .option("--before <revision>", "only older ones", parseRevision)
    .option("--json", "print JSON")
    .action((environment: string, options: { limit: number; before?: number; json?: boolean }) =>
      choose(async (context) => {
        const { runLog } = await import("../show-log.ts");
        const { limit, before } = options;
        return await runLog(context, { environment, limit, before, json: options.json === true });
      }),
    );
  secrets
    .command("diff <environment> [other]")
    .description("what differs between two environments, or from another @REVISION, by path")
    .option("--path <path>", "only what lies there")
    .option("--all", "equal values too")
    .option("--show-secrets", "print secrets in the clear")
    .option("--json", "print JSON")
    .action(
      (
        base: string,
        other: string | undefined,
        options: { path?: string; all?: boolean; showSecrets?: boolean; json?: boolean },
      ) =>
        choose(async (context) => {
          const { runDiff } = await import("../diff-environments.ts");
          const flags = {
            all: options.all === true,
            showSecrets: options.showSecrets === true,
            json: options.json === true,
          };
          return await runDiff(context, { base, other, path: options.path, ...flags });
        }),
    );
}

function addValues(secrets: Command, choose: ChooseSecrets): void {
  secrets
    .command("get <environment> [path]")
    .description("a value, its definition and where that stands; nothing is opened")
    .option("--value <format>", "only the value: json, yaml, string, detailed, dotenv, shell")
    .option("--definition", "only the definition")
    .option("--show-secrets", "print secrets in the clear")
    .option("--json", "print JSON")
    .action(
      (
        environment: string,
        path: string | undefined,
        options: { value?: string; definition?: boolean; showSecrets?: boolean; json?: boolean },
      ) =>
        choose(async (context) => {
          const { runGet } = await import("../get-value.ts");
          const flags = {
            definition: options.definition === true,
            showSecrets: options.showSecrets === true,
            json: options.json === true,
          };
          return await runGet(context, { environment, path, value: options.value, ...flags });
        }),
    );
  secrets
    .command("open <environment> [path]")
    .description("everything an environment comes to, secrets in the clear")
    .option("-f, --format <format>", "json, yaml, string, detailed, dotenv, shell", "json")
    .action((environment: string, path: string | undefined, options: { format: string }) =>
      choose(async (context) =>
        (await import("../open-environment.ts")).runOpen(context, { environment, path, format: options.format }),
      ),
    );
  secrets
    .command("check [environment]")
    .description("what is wrong with an environment or with the variables it sets, with its place")
    .option("-f, --file <path>", "check a file instead; - is stdin")
    .option("--json", "print JSON")
    .action((environment: string | undefined, options: { file?: string; json?: boolean }) =>
      choose(async (context) =>
        (await import("../check.ts")).runCheck(context, {
          environment,
          file: options.file,
          json: options.json === true,
        }),
      ),
    );
}
