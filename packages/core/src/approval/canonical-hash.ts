import { hash } from "node:crypto";

/** SHA-256 (hex) of a JSON value that does not depend on the order of its keys. */
export function hashCanonical(value: unknown): string {
  return hash("sha256", JSON.stringify(sortKeys(value)) ?? "");
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, sortKeys(item)]);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}
