import { isEscNumber } from "../value.ts";
import { compareText } from "./compare-text.ts";

/** Plain data as it is to be written: Maps for objects, numbers by their text. */
export type JsonData =
  | null
  | boolean
  | string
  | { readonly number: string }
  | readonly JsonData[]
  | ReadonlyMap<string, JsonData>;

/**
 * JSON as Go's `encoding/json` writes it: keys sorted, `<`, `>` and `&` escaped. Returns an error for a number that
 * JSON has no form for.
 */
export function formatJson(data: JsonData): { text: string } | { error: string } {
  const unspeakable = findUnspeakable(data);
  if (unspeakable !== undefined) return { error: `json: invalid number literal "${unspeakable}"` };
  return { text: format(data) };
}

function findUnspeakable(data: JsonData): string | undefined {
  if (Array.isArray(data)) return firstOf((data as readonly JsonData[]).values());
  if (data instanceof Map) return firstOf((data as ReadonlyMap<string, JsonData>).values());
  if (!isEscNumber(data)) return undefined;
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(data.number) ? undefined : data.number;
}

function firstOf(items: Iterable<JsonData>): string | undefined {
  for (const item of items) {
    const found = findUnspeakable(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function format(data: JsonData): string {
  if (data === null || typeof data === "boolean") return String(data);
  if (typeof data === "string") return formatText(data);
  if (Array.isArray(data)) return `[${(data as readonly JsonData[]).map(format).join(",")}]`;
  if (isEscNumber(data)) return data.number;
  const entries = [...(data as ReadonlyMap<string, JsonData>)].sort(([a], [b]) => compareText(a, b));
  return `{${entries.map(([key, value]) => `${formatText(key)}:${format(value)}`).join(",")}}`;
}

function formatText(text: string): string {
  // A byte that is no UTF-8, kept as a lone surrogate, is written as the replacement character's escape.
  const parts = text.isWellFormed() ? [text] : text.split(/[\ud800-\udfff]/u);
  return `"${parts.map(escapeText).join("\\ufffd")}"`;
}

function escapeText(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
