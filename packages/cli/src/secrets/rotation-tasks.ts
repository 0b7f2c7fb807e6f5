import { formatCommand } from "@sophia/core/config/command-line";
import { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { CheckedBy, RotationTask } from "@sophia/core/secrets/rotation/rotation-types";
import type { CommandContext } from "../commands/command-context.ts";
import { describeEnd, followRotation, isFailure } from "./follow-rotation.ts";
import { findAuthor } from "./open-backend.ts";
import { readInput, readStdin, trimLineBreak } from "./read-input.ts";
import { describeTask } from "./rotate.ts";
import { withRotations } from "./with-rotations.ts";

const open = new Set<RotationTask["state"]>(["open", "checking", "delete_old"]);

/** `secrets tasks`: keys that a person has to make or to delete, each with its page. */
export async function runTasks(
  context: CommandContext,
  options: { all: boolean; limit: number; json: boolean },
): Promise<number> {
  return await withRotations(context, async ({ rotations }) => {
    const wanted = (await rotations.tasks()).filter(({ state }) => options.all || open.has(state));
    const tasks = wanted.slice(0, options.limit);
    if (options.json) context.terminal.print(JSON.stringify({ tasks }));
    else if (tasks.length === 0) context.terminal.note("Nothing waits for a person.");
    else for (const task of tasks) context.terminal.print(`${task.id} ${task.state}\n${describeTask(task)}\n`);
    if (wanted.length > tasks.length)
      context.terminal.note(`There are ${wanted.length - tasks.length} more: --limit shows them.`);
    return 0;
  });
}

export interface CompleteOptions {
  id: string;
  /** Takes the new key from a file; `-` is stdin. */
  file: string | undefined;
  /** The old key is deleted at its page. */
  deleted: boolean;
  json: boolean;
}

const howItWasChecked: Readonly<Record<CheckedBy, string>> = {
  probe: "The service takes it.",
  shape: "Only its shape was checked: the service has no probe yet.",
  nothing: "It could not be checked: the service has no probe yet, and its keys no shape.",
};

/** `secrets complete`: hands over the key that a person made, over stdin, from a file or by a question without echo. */
export async function runComplete(context: CommandContext, options: CompleteOptions): Promise<number> {
  const { terminal } = context;
  return await withRotations(context, async (desk) => {
    const { rotations } = desk;
    const task = (await rotations.tasks()).find(({ id }) => id === options.id);
    if (task === undefined) {
      throw new AppError("not_found", "There is no such task.", {
        hint: `List them with: ${formatCommand("secrets tasks")}`,
      });
    }
    if (options.deleted) {
      await rotations.confirmTask(task.id, findAuthor());
      if (options.json) terminal.print(JSON.stringify({ id: task.id, state: "done" }));
      else terminal.note(`The rotation of ${task.variable} is complete.`);
      return 0;
    }
    if (!options.json) terminal.note(describeTask(task));
    const key = new Secret(await readKey(context, task, options.file));
    const { rotationId, checkedBy } = await rotations.completeTask(task.id, key, findAuthor());
    if (!options.json) terminal.note(`The new key of ${task.variable} is taken. ${howItWasChecked[checkedBy]}`);
    const status = await followRotation(context, desk, { id: rotationId, json: options.json, until: "served" });
    terminal.print(
      options.json ? JSON.stringify({ id: task.id, rotationId, checkedBy, rotation: status }) : describeEnd(status),
    );
    return isFailure(status) ? 1 : 0;
  });
}

async function readKey({ terminal }: CommandContext, task: RotationTask, file: string | undefined): Promise<string> {
  const key = file !== undefined ? await readInput(file) : terminal.interactive ? await ask(task) : await readStdin();
  const trimmed = trimLineBreak(key);
  if (trimmed !== "") return trimmed;
  throw new AppError("invalid_input", "There is no key: nothing came over stdin.", {
    hint: `Run it on a terminal to be asked, or: ${formatCommand(`secrets complete ${task.id}`)} < FILE`,
  });
}

async function ask({ variable }: RotationTask): Promise<string> {
  const { isCancel, password } = await import("@clack/prompts");
  const answer = await password({ message: `New ${variable}` });
  if (isCancel(answer)) throw new AppError("invalid_input", "No key was given; nothing was changed.");
  return answer;
}
