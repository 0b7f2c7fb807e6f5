import { isEscNumber } from "@sophia/core/secrets/esc/value";
import { sortKeys } from "./sort-keys.ts";
import type { JsonData } from "@sophia/core/secrets/esc/text/format-json";

/** The value as text alone; of lists and objects a line of quoted parts, as the `esc` command prints them. */
export function formatString(value: JsonData): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (isEscNumber(value)) return value.number;
  if (Array.isArray(value)) {
    return (value as readonly JsonData[]).map((item) => JSON.stringify(formatString(item))).join(",");
  }
  return sortKeys(value as ReadonlyMap<string, JsonData>)
    .map(([key, inner]) => `${JSON.stringify(key)}=${JSON.stringify(formatString(inner))}`)
    .join(",");
}
