import { isEscNumber, type EscNumber } from "@sophia/core/secrets/esc/value";

/** JSON with every number kept by its text. */
export type WireJson = null | boolean | string | EscNumber | WireJson[] | WireObject;
export interface WireObject {
  [key: string]: WireJson;
}

const numbers = new WeakSet<object>();

// TypeScript's lib lacks the third argument of revivers (ES2025).
function keepNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number") return value;
  const kept: EscNumber = { number: context?.source ?? String(value) };
  numbers.add(kept);
  return kept;
}

/** JSON.parse makes own properties, so `__proto__` is a key like any other. Throws SyntaxError without the text. */
export function parseWireJson(text: string): WireJson {
  try {
    return JSON.parse(text, keepNumber) as WireJson;
  } catch {
    throw new SyntaxError("not JSON");
  }
}

/** Not an object that happens to have a key `number`. */
export function isWireNumber(value: unknown): value is EscNumber {
  return isEscNumber(value) && numbers.has(value);
}

export function isWireObject(value: unknown): value is WireObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isWireNumber(value);
}

/** Any JSON as a program would have read it, for schemas of answers. */
export function toPlain(value: WireJson | undefined): unknown {
  if (isWireNumber(value)) return Number(value.number);
  if (Array.isArray(value)) return value.map(toPlain);
  if (!isWireObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toPlain(item)]));
}
