import { findPii } from "./find-pii.ts";
import type { PiiKind } from "./pii-span.ts";

/** Grows with every change of what is found or of a placeholder: vectors of texts redacted otherwise are made anew. */
export const redactionVersion = 1;

/**
 * The text with a placeholder such as `[email 1]` for each particular of a person. The same text always gives the same
 * answer, and one value has one number within it; nothing of the value, not even a hash, which could be guessed, is in
 * the placeholder. The very same string when there is nothing to hide.
 */
export function redactPii(text: string): string {
  const spans = findPii(text);
  if (spans.length === 0) return text;
  const numbers = new Map<string, number>();
  const counts = new Map<PiiKind, number>();
  const parts: string[] = [];
  let at = 0;
  for (const { kind, start, end } of spans) {
    const key = `${kind}:${text
      .slice(start, end)
      .replace(/[^\p{L}\p{N}@.:]/gu, "")
      .toLowerCase()}`;
    const number = numbers.get(key) ?? (counts.get(kind) ?? 0) + 1;
    if (!numbers.has(key)) counts.set(kind, number);
    numbers.set(key, number);
    parts.push(text.slice(at, start), `[${kind} ${number}]`);
    at = end;
  }
  return parts.join("") + text.slice(at);
}
