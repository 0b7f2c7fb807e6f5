import { formatCommand } from "@sophia/core/config/command-line";
import { Secret, unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { unlessMissing } from "@sophia/core/errors/unless-missing";
import { formatPropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { CommandContext } from "../commands/command-context.ts";
import { findValue } from "./find-value.ts";
import { looksSecret } from "./looks-secret.ts";
import type { OpenSecrets } from "./open-backend.ts";
import { readInput, readStdin, trimLineBreak } from "./read-input.ts";
import type { SetTarget } from "./set-target.ts";

export interface ValueOptions {
  secret: boolean;
  plaintext: boolean;
  /** The value is text as it stands, not YAML. */
  string: boolean;
  /** Takes the value from a file; `-` is stdin. */
  file: string | undefined;
}

/** A value on its way into an environment. */
export interface ChosenValue {
  text: Secret;
  isSecret: boolean;
  /** YAML in its own right: a number, a list, an expression. */
  isYaml: boolean;
}

/**
 * Takes the value from where it may come. What was not written on the command line is a secret unless --plaintext says
 * otherwise. Throws AppError `denied` for a secret on the command line, which the shell's history and `ps` show.
 */
export async function chooseValue(
  context: CommandContext,
  secrets: OpenSecrets,
  target: SetTarget,
  options: ValueOptions,
): Promise<ChosenValue> {
  if (target.value !== undefined) {
    if (options.file !== undefined)
      throw new AppError("invalid_input", "There are two values: one as an argument, one with --file.");
    await refuseSecretArgument(secrets, target, options);
    return { text: new Secret(target.value), isSecret: false, isYaml: !options.string && target.place === undefined };
  }
  const isMeant = options.secret || (!options.plaintext && (target.place?.isSecret ?? true));
  const text = new Secret(await readValue(context, { target, isSecret: isMeant, file: options.file }));
  const key = target.place?.variable ?? String(target.path.at(-1));
  const isSecret = isMeant || (!options.plaintext && looksSecret(key, unwrap(text)));
  return { text, isSecret, isYaml: !isSecret && !options.string && target.place === undefined };
}

async function readValue(
  { terminal }: CommandContext,
  { target, isSecret, file }: { target: SetTarget; isSecret: boolean; file: string | undefined },
): Promise<string> {
  if (file !== undefined) return trimLineBreak(await readInput(file));
  if (!terminal.interactive) {
    const piped = trimLineBreak(await readStdin());
    if (piped !== "") return piped;
    throw new AppError("invalid_input", "There is no value: nothing came over stdin.", { hint: howToHandOver(target) });
  }
  const { isCancel, password, text } = await import("@clack/prompts");
  const message = target.place?.variable ?? formatPropertyPath(target.path);
  const answer = isSecret ? await password({ message }) : await text({ message });
  if (isCancel(answer) || answer === "")
    throw new AppError("invalid_input", "No value was given; nothing was changed.");
  return answer;
}

async function refuseSecretArgument(secrets: OpenSecrets, target: SetTarget, options: ValueOptions): Promise<void> {
  const { path, value = "", place } = target;
  const key = place?.variable ?? String(path.at(-1));
  const isMeant = options.secret || place?.isSecret === true;
  const isSuspected = !options.plaintext && (looksSecret(key, value) || (await isSecretNow(secrets, target)));
  if (!isMeant && !isSuspected) return;
  const way = isMeant ? "" : " If it is none, add --plaintext.";
  throw new AppError(
    "denied",
    `The value of ${key} looks like a secret, and arguments stay in the shell's history and can be read by every process.`,
    {
      hint: `${howToHandOver(target)}${way}`,
    },
  );
}

/** A secret must not become a plain value by the way. */
async function isSecretNow({ backend }: OpenSecrets, { id, path }: SetTarget): Promise<boolean> {
  const environment = (await unlessMissing(backend.check(id)))?.environment;
  return environment !== undefined && findValue(environment, path)?.secret === true;
}

function howToHandOver({ place, path }: SetTarget): string {
  const words = place?.variable ?? `ENVIRONMENT '${formatPropertyPath(path)}'`;
  return `Leave the value out to be asked for it, or hand it over stdin: ${formatCommand(`secrets set ${words}`)} < FILE`;
}
