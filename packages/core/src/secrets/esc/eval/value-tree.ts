import type { Schema } from "../schema/schema.ts";
import { propertySchema } from "../schema/sub-schema.ts";
import type { NodeSyntax } from "../syntax/syntax-node.ts";
import { compareText } from "../text/compare-text.ts";
import { findInBases } from "./base-index.ts";
import { createExpression, createValue } from "./nodes.ts";
import type { ValueNode } from "./nodes.ts";

// So many bases are looked through one by one.
const plainLevels = 6;

/** An object's keys, those of its base included, sorted. None for anything else. */
export function keysOf(value: ValueNode): readonly string[] {
  if (value.mergedKeys !== undefined) return value.mergedKeys;
  if (!(value.repr instanceof Map)) return [];
  value.mergedKeys = [...collectKeys(value)].sort(compareText);
  return value.mergedKeys;
}

/** The keys of an object and its base, in no order. */
export function collectKeys(value: ValueNode): Set<string> {
  const keys = new Set<string>();
  let at: ValueNode | undefined = value;
  while (at !== undefined && at.repr instanceof Map) {
    for (const key of at.mergedKeys ?? at.repr.keys()) keys.add(key);
    if (at.mergedKeys !== undefined) break;
    at = at.base;
  }
  return keys;
}

/** A property of an object or its base. Of something unknown, an unknown property; of anything else, undefined. */
export function propertyOf(value: ValueNode | undefined, syntax: NodeSyntax, key: string): ValueNode | undefined {
  let at = value;
  for (let level = 0; at !== undefined && at.repr instanceof Map; level += 1) {
    const found = at.repr.get(key);
    if (found !== undefined) return found;
    at = at.base;
    if (level < plainLevels || at === undefined || !(at.repr instanceof Map)) continue;
    const below = findInBases(at, key);
    if (below.found !== undefined) return below.found;
    at = below.floor;
  }
  if (at === undefined || !at.unknown) return undefined;
  return unknownProperty(at, syntax, key);
}

function unknownProperty(receiver: ValueNode, syntax: NodeSyntax, key: string): ValueNode {
  const schema: Schema = propertySchema(receiver.schema, key);
  const base = propertyOf(receiver.base, syntax, key);
  const def = createExpression("", { kind: "access", syntax, receiver, key }, { schema, base });
  def.state = "done";
  return createValue(def, schema, { unknown: true, base });
}

/** The properties of an object, its base included. */
export function* propertiesOf(value: ValueNode): Generator<[string, ValueNode]> {
  for (const key of keysOf(value)) {
    const property = propertyOf(value, value.def.form.syntax, key);
    if (property !== undefined) yield [key, property];
  }
}

/** Whether a value is an object, or may turn out to be one. */
export function isObject(value: ValueNode | undefined): boolean {
  if (value === undefined) return false;
  if (value.unknown) return value.schema.always === true || value.schema.type === "object";
  return value.repr instanceof Map;
}

/** Whether a value or anything in it has the property. */
function contains(value: ValueNode, isWanted: (value: ValueNode) => boolean): boolean {
  if (isWanted(value)) return true;
  if (Array.isArray(value.repr)) return value.repr.some((element) => contains(element, isWanted));
  if (!(value.repr instanceof Map)) return false;
  for (const [, property] of propertiesOf(value)) if (contains(property, isWanted)) return true;
  return false;
}

export function containsUnknowns(value: ValueNode): boolean {
  return contains(value, ({ unknown }) => unknown);
}

/** As `containsUnknowns`, but what only rotation needs may be unknown while nothing rotates. */
export function containsObservableUnknowns(value: ValueNode, isRotating: boolean): boolean {
  return contains(value, ({ unknown, rotateOnly }) => unknown && (isRotating || !rotateOnly));
}

export function containsSecrets(value: ValueNode): boolean {
  return contains(value, ({ secret, tainted }) => secret || tainted);
}

/** Makes a value as unknown and as secret as what it was computed from. */
export function combine(value: ValueNode, ...others: ValueNode[]): void {
  for (const other of others) {
    value.unknown = value.unknown || containsUnknowns(value) || containsUnknowns(other);
    value.secret = value.secret || containsSecrets(value) || containsSecrets(other);
  }
}
