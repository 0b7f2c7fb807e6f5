import { compareText } from "../text/compare-text.ts";
import { isRecordSchema } from "./build-schema.ts";
import { alwaysSchema } from "./schema.ts";
import type { Schema } from "./schema.ts";

interface Merge {
  base: Schema;
  top: Schema;
  properties: Map<string, Schema> | undefined;
  isClosed: boolean;
}

/** What merged schemas were made of. */
const merges = new WeakMap<Schema, Merge>();

/** The schema of a value merged over a base. Its properties are merged when they are first asked for. */
export function mergeSchemas(base: Schema | undefined, top: Schema): Schema {
  if (base === undefined || top.type !== "object" || base.type !== "object") return top;
  const isClosed = isPlainRecord(base) && isPlainRecord(top);
  // Values are merged once on their own and once more as a part of what they stand in.
  if (isClosed && merges.get(top)?.base === base) return top;
  return createMerged({ base, top, properties: undefined, isClosed });
}

function createMerged(merge: Merge): Schema {
  let required: string[] | undefined;
  const merged: Schema = {
    type: "object",
    get properties() {
      merge.properties ??= mergeProperties(merge);
      return merge.properties;
    },
    get required() {
      required ??= [...(merged.properties?.keys() ?? [])].sort(compareText);
      return required;
    },
  };
  const { base, top } = merge;
  const additional =
    base.additionalProperties === undefined || top.additionalProperties === undefined
      ? (top.additionalProperties ?? base.additionalProperties)
      : alwaysSchema;
  if (additional !== undefined) merged.additionalProperties = additional;
  merges.set(merged, merge);
  return merged;
}

/**
 * Of a schema whose merging twice is the same as merging once: every object in it names its properties, requires all
 * of them and says nothing else, as what a merge makes does.
 */
function isPlainRecord(schema: Schema): boolean {
  const merge = merges.get(schema);
  if (merge !== undefined) return merge.isClosed;
  if (schema.type !== "object") return true;
  if (!isRecordSchema(schema)) return false;
  for (const property of schema.properties?.values() ?? []) if (!isPlainRecord(property)) return false;
  return true;
}

/** All levels at once, the lowest first: a thousand of them must not be copied into each other one by one. */
function mergeProperties(merge: Merge): Map<string, Schema> {
  const tops: Schema[] = [merge.top];
  let lowest = merge.base;
  for (let next = merges.get(lowest); next !== undefined && next.properties === undefined; next = merges.get(lowest)) {
    tops.push(next.top);
    lowest = next.base;
  }
  const properties = new Map(lowest.properties);
  for (const top of tops.toReversed()) {
    for (const [key, schema] of top.properties ?? []) properties.set(key, mergeSchemas(properties.get(key), schema));
  }
  return properties;
}
