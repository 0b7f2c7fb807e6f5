import type { Command } from "commander";
import { type ChooseSecrets, type StageOption, stageOption } from "./choose.ts";

interface SetFlags extends StageOption {
  secret?: boolean;
  plaintext?: boolean;
  string?: boolean;
  file?: string;
  message?: string;
  json?: boolean;
}

/** Commands that change what an environment holds. */
export function addWriting(secrets: Command, choose: ChooseSecrets): void {
  addSet(secrets, choose);
  secrets
    .command("edit <environment>")
    .description("the definition in your editor, secrets in the clear, from a file in memory")
    .option("--editor <command>", "instead of VISUAL or EDITOR")
    .option("-f, --file <path>", "take the whole text from a file; - is stdin")
    .option("--sealed", "leave secrets as ciphertext, which needs no key")
    .option("-m, --message <text>", "words for the log")
    .option("--json", "print JSON")
    .action(
      (
        environment: string,
        options: { editor?: string; file?: string; sealed?: boolean; message?: string; json?: boolean },
      ) =>
        choose(async (context) => {
          const { runEdit } = await import("../edit-environment.ts");
          const { editor, file, message } = options;
          const flags = { sealed: options.sealed === true, json: options.json === true };
          return await runEdit(context, { environment, editor, file, message, ...flags });
        }),
    );
  secrets
    .command("rm <environment> [path]")
    .description("remove a value (rm VARIABLE, or rm ENVIRONMENT PATH), or a whole environment")
    .option("-y, --yes", "a whole environment is meant")
    .option("--json", "print JSON")
    .action((environment: string, path: string | undefined, options: { yes?: boolean; json?: boolean }) =>
      choose(async (context) => {
        const { runRemove } = await import("../remove-value.ts");
        return await runRemove(context, { environment, path, yes: options.yes === true, json: options.json === true });
      }),
    );
  secrets
    .command("rollback <environment@revision>")
    .description("make an old text the newest revision")
    .option("-m, --message <text>", "words for the log")
    .option("--json", "print JSON")
    .action((environment: string, options: { message?: string; json?: boolean }) =>
      choose(async (context) => {
        const { runRollback } = await import("../rollback.ts");
        return await runRollback(context, { environment, message: options.message, json: options.json === true });
      }),
    );
}

function addSet(secrets: Command, choose: ChooseSecrets): void {
  secrets
    .command("set <target> [path] [value]")
    .description("set a value: set VARIABLE, or set ENVIRONMENT PATH; a secret comes over stdin or is asked for")
    .option("--secret", "keep it as a secret (what comes over stdin is one anyway)")
    .option("--plaintext", "it is no secret")
    .option("--string", "it is text as it stands, not YAML")
    .option("-f, --file <path>", "take the value from a file; - is stdin")
    .addOption(stageOption())
    .option("-m, --message <text>", "words for the log")
    .option("--json", "print JSON")
    .action((target: string, path: string | undefined, value: string | undefined, options: SetFlags) =>
      choose(async (context) => {
        const { runSet } = await import("../set-value.ts");
        const { file, stage, message } = options;
        const flags = {
          secret: options.secret === true,
          plaintext: options.plaintext === true,
          string: options.string === true,
          json: options.json === true,
        };
        const words = [target, path, value].filter((word) => word !== undefined);
        return await runSet(context, { words, file, stage, message, ...flags });
      }),
    );
}
