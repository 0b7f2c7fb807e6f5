import { unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EscEnvironment } from "@sophia/core/secrets/esc/evaluation";
import { readEnvironmentVariables, readFiles } from "@sophia/core/secrets/esc/reserved-outputs";
import { requireEnvironment } from "@sophia/core/secrets/inspect/require-environment";
import type { CommandContext } from "../commands/command-context.ts";
import { fillArguments } from "./fill-arguments.ts";
import { openBackend } from "./open-backend.ts";
import { openNamed } from "./open-environment.ts";
import { makePrivateFolder, type PrivateFolder } from "./private-folder.ts";
import { recordSecretAct } from "./record-secret-act.ts";
import { collectNeedles } from "./redact-output.ts";
import { runChild } from "./run-child.ts";

export interface RunOptions {
  environment: string;
  command: readonly string[];
  /** The program gets the terminal itself: nothing in its output is masked. */
  interactive: boolean;
}

/**
 * `secrets run ENVIRONMENT -- CMD`: a program with the environment's variables, and with its files as files that only
 * this user can read and that are gone afterwards. Exit code and signals are the program's.
 */
export async function runRun(context: CommandContext, options: RunOptions): Promise<number> {
  const [command, ...given] = options.command;
  if (command === undefined) {
    throw new AppError("invalid_input", "Which program?", {
      hint: "Write it behind --, for example: secrets run sophia/base -- printenv",
    });
  }
  const { backend, parseName } = await openBackend(context);
  const name = parseName(options.environment);
  const opened = await recordSecretAct(context, {
    command: "run",
    effect: "read",
    subject: { environment: formatEnvironmentId(name.id), revision: name.revision, program: command },
    run: () => openNamed(backend, name),
  });
  const environment = requireEnvironment(name.id, opened);
  const prepared = prepare(context, environment);
  try {
    return await runChild({
      command,
      arguments: given.map((argument) => fillArguments(argument, environment)),
      environment: { ...inherit(context), ...prepared.variables },
      needles: options.interactive ? undefined : collectNeedles(prepared.secrets),
      onStarted: (pid) => prepared.folder?.setUser(pid),
    });
  } finally {
    prepared.folder?.dispose();
  }
}

interface Prepared {
  variables: Record<string, string>;
  secrets: string[];
  folder: PrivateFolder | undefined;
}

function prepare({ environment: outer, terminal }: CommandContext, environment: EscEnvironment): Prepared {
  const variables = readEnvironmentVariables(environment);
  const files = readFiles(environment);
  const folder = files.length === 0 ? undefined : makePrivateFolder(outer);
  if (folder?.isInMemory === false)
    terminal.note(`The files are on a disk, in ${folder.path}, until the program ends.`);
  try {
    const all = variables.map(({ name, value }) => [checkName(name), checkValue(name, unwrap(value))] as const);
    const paths = files.map(
      ({ name, value }, index) => [checkName(name), folder?.write(String(index), unwrap(value)) ?? ""] as const,
    );
    const secrets = [...variables, ...files].filter(({ secret }) => secret).map(({ value }) => unwrap(value));
    return { variables: Object.fromEntries([...all, ...paths]), secrets, folder };
  } catch (thrown) {
    folder?.dispose();
    throw thrown;
  }
}

/** What the operating system cannot pass on would be cut off, or would hide another variable. */
function checkName(name: string): string {
  if (name !== "" && !/[=\0]/.test(name)) return name;
  throw new AppError("invalid_input", `${JSON.stringify(name.slice(0, 100))} cannot be the name of a variable.`, {
    hint: "Mend it under `environmentVariables` or `files`.",
  });
}

function checkValue(name: string, value: string): string {
  if (!value.includes("\0")) return value;
  throw new AppError("invalid_input", `${name} contains a NUL character: no environment variable can hold it.`, {
    hint: "Keep it under `files`: the program gets the path of a file with it.",
  });
}

function inherit({ environment }: CommandContext): Record<string, string> {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(set);
}
