import { mergeSchemas } from "../schema/merge-schemas.ts";
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
      for (const level of chain) level.index = undefined;
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
  value.mergedKeys = undefined;
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
