import { mergeSchemas } from "../schema/merge-schemas.ts";
import { collectKeys, propertyOf } from "./value-tree.ts";
import type { ValueNode } from "./nodes.ts";

/**
 * Puts a base below a value, at the end of the bases it has already, and below each property. Changes the value.
 * Returns whether it, or a property, goes on without keys of the base: ESC has it that keys which were asked for before
 * stay as they were, as they are in what `fn::final` and `fn::validate` pass on. A copy shows them all.
 */
export function mergeOver(value: ValueNode, base: ValueNode | undefined): boolean {
  if (base === undefined) return false;
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
  let hidesKeys = false;
  for (const level of chain.toReversed()) hidesKeys = mergeProperties(level) || hidesKeys;
  return hidesKeys;
}

function mergeProperties(value: ValueNode): boolean {
  const { base, repr, mergedKeys } = value;
  if (base === undefined) return false;
  let hidesKeys = mergedKeys !== undefined && [...collectKeys(base)].some((key) => !mergedKeys.includes(key));
  if (repr instanceof Map) {
    for (const [key, property] of repr) {
      const below = propertyOf(base, property.def.form.syntax, key);
      hidesKeys = mergeOver(property, below) || hidesKeys;
    }
  }
  value.schema = mergeSchemas(base.schema, value.schema);
  return hidesKeys;
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
