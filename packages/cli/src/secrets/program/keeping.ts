import type { Command } from "commander";
import { type ChooseSecrets, parseLimit, type StageOption, stageOption } from "./choose.ts";

/** Commands about environments as a whole. */
export function addKeeping(secrets: Command, choose: ChooseSecrets): void {
  secrets
    .command("init [environment]")
    .description("make the environments of a stage, or one by its name")
    .addOption(stageOption())
    .option("-f, --file <path>", "the text of that one; - is stdin")
    .option("--json", "print JSON")
    .action((environment: string | undefined, options: StageOption & { file?: string; json?: boolean }) =>
      choose(async (context) => {
        const { runInit } = await import("../init-environments.ts");
        const { file, stage } = options;
        return await runInit(context, { environment, file, stage, json: options.json === true });
      }),
    );
  secrets
    .command("tag <environment> [tag]")
    .description("name a revision (NAME), mark an environment (NAME=VALUE), or list both")
    .option("--remove", "take the tag away")
    .option("--json", "print JSON")
    .action((environment: string, tag: string | undefined, options: { remove?: boolean; json?: boolean }) =>
      choose(async (context) => {
        const { runTag } = await import("../tag.ts");
        return await runTag(context, {
          environment,
          tag,
          remove: options.remove === true,
          json: options.json === true,
        });
      }),
    );
  secrets
    .command("credential <holder>")
    .description("write what opens one server's secrets and no other: ai, data, infra, bi, or an environment")
    .addOption(stageOption())
    .option("-o, --out <path>", "the file to write, mode 0600")
    .option("--print", "to stdout instead")
    .option("--json", "print JSON")
    .action((holder: string, options: StageOption & { out?: string; print?: boolean; json?: boolean }) =>
      choose(async (context) => {
        const { runCredential } = await import("../write-credential.ts");
        const { out, stage } = options;
        const flags = { print: options.print === true, json: options.json === true };
        return await runCredential(context, { holder, out, stage, ...flags });
      }),
    );
}

/** What a rotation or a removal replaced. */
export function addRestoring(secrets: Command, choose: ChooseSecrets): void {
  secrets
    .command("restore [what]")
    .description("an environment as it was before a rotation, or one that was removed; lists both")
    .option("--limit <number>", "so many of each", parseLimit, 50)
    .option("--json", "print JSON")
    .action((what: string | undefined, options: { limit: number; json?: boolean }) =>
      choose(async (context) => {
        const { runRestore } = await import("../restore.ts");
        return await runRestore(context, { what, limit: options.limit, json: options.json === true });
      }),
    );
}
