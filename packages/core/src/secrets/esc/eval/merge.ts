import { recordSchema } from "../schema/build-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import { propertyOf } from "./value-tree.ts";
import type { ValueNode } from "./nodes.ts";

/** Puts a base below a value, at the end of the bases it has already, and below each property. Changes the value. */
export function mergeOver(value: ValueNode, base: ValueNode | undefined): void {
  if (base === undefined) return;
  const chain: ValueNode[] = [];
  let at: ValueNode | undefined = value;
  while (at !== undefined && !isSame(at, base)) {
    chain.push(at);
    if (at.base === undefined) {
      at.base = base;
      break;
    }
    at = at.base;
  }
  // From the lowest up: each level merges with what now lies below it.
  for (const level of chain.toReversed()) mergeProperties(level);
}

function mergeProperties(value: ValueNode): void {
  const { base, repr } = value;
  if (base === undefined) return;
  delete value.mergedKeys;
  if (repr instanceof Map) {
    for (const [key, property] of repr) mergeOver(property, propertyOf(base, property.def.form.syntax, key));
  }
  value.schema = mergeSchemas(base.schema, value.schema);
}

function isSame(a: ValueNode, b: ValueNode): boolean {
  let left = a;
  let right = b;
  for (;;) {
    if (left === right) return true;
    if (!left.unknown || !right.unknown) return false;
    const leftForm = left.def.form;
    const rightForm = right.def.form;
    if (leftForm.kind !== "access" || rightForm.kind !== "access" || leftForm.key !== rightForm.key) return false;
    left = leftForm.receiver;
    right = rightForm.receiver;
  }
}

/** The schema of a value merged over a base. */
export function mergeSchemas(base: Schema | undefined, top: Schema): Schema {
  if (base === undefined || top.type !== "object" || base.type !== "object") return top;
  const properties = new Map(base.properties);
  for (const [key, schema] of top.properties ?? []) {
    const below = properties.get(key);
    properties.set(key, below === undefined ? schema : mergeSchemas(below, schema));
  }
  const merged = recordSchema(properties);
  const additional =
    base.additionalProperties === undefined || top.additionalProperties === undefined
      ? (top.additionalProperties ?? base.additionalProperties)
      : alwaysSchema;
  if (additional !== undefined) merged.additionalProperties = additional;
  return merged;
}
