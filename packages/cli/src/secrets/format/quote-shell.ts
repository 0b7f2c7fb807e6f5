import { AppError } from "@sophia/core/errors/app-error";

/** A word that every POSIX shell reads as exactly this value. Throws AppError `invalid_input` for a NUL, which no variable can hold. */
export function quoteShell(name: string, value: string): string {
  if (value.includes("\0")) throw refuseNul(name);
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

export function refuseNul(name: string): AppError {
  return new AppError("invalid_input", `${name} contains a NUL character: no environment variable can hold it.`, {
    hint: "Keep it under `files` and not under `environmentVariables`, or take --format json.",
  });
}
