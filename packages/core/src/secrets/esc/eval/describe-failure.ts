import { AppError } from "../../../errors/app-error.ts";
import type { EscValue } from "../value.ts";
import type { Run } from "./scope.ts";

/**
 * What a provider, a loader or a crypter threw, in words that may be shown: an AppError's message, without the secrets
 * that were handed in. Throws again when the evaluation was cancelled.
 */
export function describeFailure(run: Run, thrown: unknown, inputs: readonly EscValue[] = []): string {
  run.signal?.throwIfAborted();
  if (!(thrown instanceof AppError)) return "internal error";
  let message = thrown.message;
  for (const secret of inputs.flatMap((input) => secretTexts(input, false))) {
    message = message.replaceAll(secret, "[secret]");
  }
  return message;
}

function secretTexts({ value, secret }: EscValue, isWithinSecret: boolean): string[] {
  const isSecret = isWithinSecret || secret === true;
  if (Array.isArray(value)) return (value as readonly EscValue[]).flatMap((item) => secretTexts(item, isSecret));
  if (value instanceof Map) {
    return [...(value as ReadonlyMap<string, EscValue>).values()].flatMap((item) => secretTexts(item, isSecret));
  }
  if (!isSecret || value === null || typeof value === "boolean") return [];
  const text = typeof value === "string" ? value : (value as { number: string }).number;
  return text === "" ? [] : [text];
}
