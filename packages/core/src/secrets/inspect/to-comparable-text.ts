import { compareText } from "../esc/text/compare-text.ts";
import type { EscValue } from "../esc/value.ts";
import { isEscNumber } from "../esc/value.ts";

/** The whole value as JSON text in one spelling, secrets in the clear: for comparing, never for showing. */
export function toComparableText({ value }: EscValue): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (isEscNumber(value)) return value.number;
  if (Array.isArray(value)) return `[${(value as readonly EscValue[]).map(toComparableText).join(",")}]`;
  const entries = [...(value as ReadonlyMap<string, EscValue>)].toSorted(([a], [b]) => compareText(a, b));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${toComparableText(inner)}`).join(",")}}`;
}
