import { AppError } from "@sophia/core/errors/app-error";
import type { EscEnvironment } from "@sophia/core/secrets/esc/evaluation";
import { parsePropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { EscValue } from "@sophia/core/secrets/esc/value";
import { findValue } from "./find-value.ts";
import { formatString } from "./format/format-string.ts";
import { toPlainData } from "@sophia/core/secrets/esc/to-json";

/**
 * An argument of a program with `${path}` filled in from the environment, as the `esc` command does it; `$${` stands for
 * itself, and so does what names nothing there. Throws AppError `denied` for a secret: every process of the machine can
 * read arguments.
 */
export function fillArguments(argument: string, environment: EscEnvironment): string {
  return argument.replace(/\$\$\{|\$\{([^{}]*)\}/g, (text, path: string | undefined) => {
    if (path === undefined) return "${";
    const value = find(environment, path);
    if (value === undefined) return text;
    if (holdsSecret(value)) throw refuseSecret(path);
    return formatString(toPlainData(value, { reveal: false }));
  });
}

function find(environment: EscEnvironment, path: string): EscValue | undefined {
  try {
    return path.trim() === "" ? undefined : findValue(environment, parsePropertyPath(path.trim()));
  } catch {
    // A shell's own ${…}, say.
    return undefined;
  }
}

function holdsSecret({ secret, value }: EscValue): boolean {
  if (secret === true) return true;
  if (value instanceof Map) return [...(value as ReadonlyMap<string, EscValue>).values()].some(holdsSecret);
  return Array.isArray(value) && (value as readonly EscValue[]).some(holdsSecret);
}

function refuseSecret(path: string): AppError {
  return new AppError(
    "denied",
    `\${${path}} is a secret, and arguments can be read by every process of this machine.`,
    {
      hint: "Hand it over in a variable: name it under `environmentVariables`, and let the program or `sh -c '…'` read that.",
    },
  );
}
