import type { JsonData } from "./text/format-json.ts";
import type { EscValue } from "./value.ts";

/**
 * A value as plain data: Maps, lists, scalars, numbers by their text. Something unknown is "[unknown]"; unless
 * `reveal` is set, a secret is "[secret]".
 */
export function toPlainData(value: EscValue, options: { reveal: boolean }): JsonData {
  if (value.secret && !options.reveal) return "[secret]";
  if (value.unknown) return "[unknown]";
  const { value: repr } = value;
  if (Array.isArray(repr)) return (repr as readonly EscValue[]).map((item) => toPlainData(item, options));
  if (repr instanceof Map) {
    const entries = [...(repr as ReadonlyMap<string, EscValue>)];
    return new Map(entries.map(([key, item]) => [key, toPlainData(item, options)]));
  }
  return repr as JsonData;
}

/**
 * As {@link toPlainData}, in objects that `JSON.stringify` writes digit for digit: they have no prototype, and numbers
 * are `JSON.rawJSON`.
 */
export function toPlainJson(value: EscValue, options: { reveal: boolean }): unknown {
  return toJsonObject(toPlainData(value, options));
}

/** Maps → objects without prototype, numbers → `JSON.rawJSON`. */
export function toJsonObject(data: JsonData): unknown {
  if (typeof data === "string") return data.toWellFormed();
  if (data === null || typeof data === "boolean") return data;
  if (Array.isArray(data)) return (data as readonly JsonData[]).map(toJsonObject);
  if (data instanceof Map) {
    const object = Object.create(null) as Record<string, unknown>;
    for (const [key, item] of data as ReadonlyMap<string, JsonData>) object[key.toWellFormed()] = toJsonObject(item);
    return object;
  }
  return rawNumber((data as { number: string }).number);
}

/** A number that `JSON.stringify` writes as it is; its text for what JSON cannot say (NaN, Inf). */
export function rawNumber(text: string): unknown {
  const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };
  return /^-?\d/.test(text) ? rawJSON(text) : text;
}
