import { formatFloat } from "./text/format-float.ts";
import { isEscNumber } from "./value.ts";
import type { EscRepr, EscValue } from "./value.ts";

const nowhere = { line: 0, column: 0, byte: 0 };

/** Plain JavaScript data → a value: objects and Maps, lists, scalars. What is none of these becomes null. */
export function fromPlainData(data: unknown, options: { secret?: boolean } = {}): EscValue {
  const value: EscValue = { value: convert(data, options), trace: { def: { begin: nowhere, end: nowhere } } };
  if (options.secret) value.secret = true;
  return value;
}

function convert(data: unknown, options: { secret?: boolean }): EscRepr {
  if (typeof data === "boolean" || typeof data === "string") return data;
  if (typeof data === "bigint") return { number: data.toString() };
  if (typeof data === "number") {
    if (Number.isSafeInteger(data)) return { number: String(data) };
    return { number: formatFloat(data) };
  }
  if (Array.isArray(data)) return data.map((item) => fromPlainData(item, options));
  if (isEscNumber(data) && typeof data.number === "string" && Object.keys(data).length === 1) return data;
  if (typeof data !== "object" || data === null) return null;
  const entries: Iterable<[string, unknown]> =
    data instanceof Map ? (data as Map<string, unknown>) : Object.entries(data);
  return new Map([...entries].map(([key, item]) => [key, fromPlainData(item, options)]));
}
