import { AppError } from "../errors/app-error.ts";

/**
 * Refuses text that a database would cut or change: PostgreSQL has no NUL in text (22021), and both engines replace a
 * lone surrogate by U+FFFD. JSON columns are safe, because JSON.stringify escapes both.
 */
export function assertStorable(parameters: readonly unknown[]): void {
  // Without an iterator: rows come by the hundred, and the engine makes an object for each of its steps.
  for (let index = 0; index < parameters.length; index += 1) {
    const value = parameters[index];
    if (typeof value !== "string") continue;
    if (value.includes("\0")) throw unstorable("a NUL character");
    if (!value.isWellFormed()) throw unstorable("half of a surrogate pair (broken Unicode)");
  }
}

function unstorable(what: string): AppError {
  return new AppError("invalid_input", `The text holds ${what}, which cannot be stored.`, {
    hint: "Remove that character and send the text again.",
  });
}
