import type { EscValue } from "./value.ts";

/** A value that is secret, as are all its parts. A part that is already secret is left as it is. */
export function makeSecret(value: EscValue): EscValue {
  const inner = (part: EscValue): EscValue => (part.secret ? part : makeSecret(part));
  const { value: repr } = value;
  if (Array.isArray(repr)) return { ...value, value: (repr as readonly EscValue[]).map(inner), secret: true };
  if (repr instanceof Map) {
    const parts = [...(repr as ReadonlyMap<string, EscValue>)];
    return { ...value, value: new Map(parts.map(([key, part]) => [key, inner(part)])), secret: true };
  }
  return { ...value, secret: true };
}
