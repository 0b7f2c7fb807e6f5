import { compareText } from "../text/compare-text.ts";
import { alwaysSchema } from "./schema.ts";
import type { Schema } from "./schema.ts";

/** What merged schemas were made of, until somebody asks for their properties. */
const parts = new WeakMap<Schema, { base: Schema; top: Schema }>();

/** The schema of a value merged over a base. Its properties are merged when they are first asked for. */
export function mergeSchemas(base: Schema | undefined, top: Schema): Schema {
  if (base === undefined || top.type !== "object" || base.type !== "object") return top;
  let properties: Map<string, Schema> | undefined;
  let required: string[] | undefined;
  const merged: Schema = {
    type: "object",
    get properties() {
      properties ??= mergeProperties(merged);
      return properties;
    },
    get required() {
      required ??= [...(merged.properties?.keys() ?? [])].sort(compareText);
      return required;
    },
  };
  const additional =
    base.additionalProperties === undefined || top.additionalProperties === undefined
      ? (top.additionalProperties ?? base.additionalProperties)
      : alwaysSchema;
  if (additional !== undefined) merged.additionalProperties = additional;
  parts.set(merged, { base, top });
  return merged;
}

/** All levels at once, the lowest first: a thousand of them must not be copied into each other one by one. */
function mergeProperties(merged: Schema): Map<string, Schema> {
  const tops: Schema[] = [];
  let lowest = merged;
  for (let part = parts.get(lowest); part !== undefined; part = parts.get(lowest)) {
    tops.push(part.top);
    lowest = part.base;
  }
  const properties = new Map(lowest.properties);
  for (const top of tops.toReversed()) {
    for (const [key, schema] of top.properties ?? []) properties.set(key, mergeSchemas(properties.get(key), schema));
  }
  return properties;
}
