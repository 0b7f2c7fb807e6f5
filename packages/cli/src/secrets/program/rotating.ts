import type { Command } from "commander";
import { type ChooseSecrets, parseLimit, type StageOption, stageOption } from "./choose.ts";

interface RotateFlags extends StageOption {
  service?: string;
  plan?: boolean;
  detach?: boolean;
  native?: boolean;
  resume?: string;
  cancel?: string;
  limit: number;
  json?: boolean;
}

/** Commands about exchanging secrets. */
export function addRotating(secrets: Command, choose: ChooseSecrets): void {
  secrets
    .command("rotate [target] [path...]")
    .description("exchange a secret: rotate VARIABLE, or ENVIRONMENT PATH; without either, the rotations there were")
    .option("--service <id>", "whose secret it is, where the path does not tell")
    .addOption(stageOption())
    .option("--plan", "show what would happen")
    .option("--detach", "leave the work to a running up")
    .option("--native", "run the fn::rotate of an environment, those under the paths or all")
    .option("--resume <id>", "go on with a rotation that stands still")
    .option("--cancel <id>", "undo a rotation: the old value is served")
    .option("--limit <number>", "so many of those there were", parseLimit, 20)
    .option("--json", "print JSON")
    .action((target: string | undefined, paths: string[], options: RotateFlags) =>
      choose(async (context) => {
        const json = options.json === true;
        if (options.native === true && target !== undefined) {
          const { runRotateNatively } = await import("../rotate-natively.ts");
          return await runRotateNatively(context, { environment: target, paths, json });
        }
        const id = options.resume ?? options.cancel;
        if (id !== undefined) {
          const { continueRotation } = await import("../continue-rotation.ts");
          return await continueRotation(context, { id, word: options.resume === id ? "resume" : "cancel", json });
        }
        const { runRotate } = await import("../rotate.ts");
        const { service, stage, limit } = options;
        const flags = { plan: options.plan === true, detach: options.detach === true, json };
        return await runRotate(context, { target, path: paths[0], service, stage, limit, ...flags });
      }),
    );
  addTasks(secrets, choose);
}

function addTasks(secrets: Command, choose: ChooseSecrets): void {
  secrets
    .command("tasks")
    .description("keys that a person has to make or delete, each with its page")
    .option("--all", "done ones too")
    .option("--limit <number>", "so many of them", parseLimit, 50)
    .option("--json", "print JSON")
    .action((options: { all?: boolean; limit: number; json?: boolean }) =>
      choose(async (context) => {
        const { runTasks } = await import("../rotation-tasks.ts");
        return await runTasks(context, {
          all: options.all === true,
          limit: options.limit,
          json: options.json === true,
        });
      }),
    );
  secrets
    .command("complete <task>")
    .description("hand over the new key of a task, over stdin or by a question")
    .option("-f, --file <path>", "take it from a file; - is stdin")
    .option("--deleted", "the old key is deleted at its page")
    .option("--json", "print JSON")
    .action((id: string, options: { file?: string; deleted?: boolean; json?: boolean }) =>
      choose(async (context) => {
        const { runComplete } = await import("../rotation-tasks.ts");
        const flags = { deleted: options.deleted === true, json: options.json === true };
        return await runComplete(context, { id, file: options.file, ...flags });
      }),
    );
}
