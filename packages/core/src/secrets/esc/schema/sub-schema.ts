import { neverSchema } from "./schema.ts";
import type { Schema } from "./schema.ts";

/** What a schema says of the item at an index. */
export function itemSchema(schema: Schema, index: number): Schema {
  const own = schema.type === "array" ? (schema.prefixItems?.[index] ?? schema.items) : neverSchema;
  return unite(schema, own, (part) => itemSchema(part, index));
}

/** What a schema says of the property of a name. */
export function propertySchema(schema: Schema, name: string): Schema {
  const own = schema.type === "object" ? (schema.properties?.get(name) ?? schema.additionalProperties) : neverSchema;
  return unite(schema, own, (part) => propertySchema(part, name));
}

function unite(schema: Schema, own: Schema | undefined, ofPart: (part: Schema) => Schema): Schema {
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].map(ofPart);
  const possible = [...parts, own].filter((part) => part !== undefined && part.never !== true) as Schema[];
  const [only] = possible;
  if (only === undefined) return neverSchema;
  if (possible.length === 1) return only;
  const isRotateOnly = possible.every((part) => part.compiled?.isRotateOnly === true);
  return { type: "", oneOf: possible, compiled: { isRotateOnly } };
}

/** Whether only rotation needs what the schema describes. */
export function isRotateOnly(schema: Schema): boolean {
  return schema.compiled?.isRotateOnly === true;
}
