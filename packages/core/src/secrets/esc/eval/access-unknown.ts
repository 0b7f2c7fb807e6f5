import { itemSchema, propertySchema } from "../schema/sub-schema.ts";
import type { Schema } from "../schema/schema.ts";
import { arrayIndex, invalidAccess, objectKey, unknownAt } from "./accessors.ts";
import type { Access } from "./accessors.ts";
import type { ResolvedAccessor, ValueNode } from "./nodes.ts";
import { reportAccessError } from "./scope.ts";
import type { Scope } from "./scope.ts";

/** Goes on from something unknown, as far as its schema tells what is there. */
export function accessUnknown(scope: Scope, access: Access, start: Schema): ValueNode {
  let schema = start;
  let found = unknownAt(access.syntax, schema);
  while (access.at < access.accessors.length) {
    const next = stepInto(scope, access, schema);
    if (next === undefined) return invalidAccess(access);
    schema = next;
    found = unknownAt(access.syntax, schema);
    (access.accessors[access.at] as ResolvedAccessor).value = found;
    access.at += 1;
  }
  return found;
}

function stepInto(scope: Scope, access: Access, schema: Schema): Schema | undefined {
  if (schema.always) return schema;
  if (schema.type === "array") {
    const length = schema.items?.never ? (schema.prefixItems?.length ?? 0) : undefined;
    const index = arrayIndex(scope, access, length);
    return index === undefined ? undefined : itemSchema(schema, index);
  }
  if (schema.type === "object") {
    const key = objectKey(scope, access);
    return key === undefined ? undefined : propertySchema(schema, key);
  }
  const { accessor } = access.accessors[access.at] as ResolvedAccessor;
  reportAccessError(scope, { syntax: access.syntax, accessor }, "receiver must be an array or an object");
  return undefined;
}
