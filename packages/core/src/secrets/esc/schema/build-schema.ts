import { compareText } from "../text/compare-text.ts";
import type { EscNumber } from "../value.ts";
import { neverSchema } from "./schema.ts";
import type { Schema } from "./schema.ts";

export function nullSchema(): Schema {
  return { type: "null" };
}

export function booleanSchema(value?: boolean): Schema {
  return value === undefined ? { type: "boolean" } : { type: "boolean", const: value };
}

export function numberSchema(value?: EscNumber): Schema {
  return value === undefined ? { type: "number" } : { type: "number", const: value };
}

export function stringSchema(value?: string): Schema {
  return value === undefined ? { type: "string" } : { type: "string", const: value };
}

export function arraySchema(items: Schema): Schema {
  return { type: "array", items };
}

/** An array of exactly these items. */
export function tupleSchema(prefixItems: Schema[]): Schema {
  return { type: "array", prefixItems, items: neverSchema };
}

const records = new WeakSet<Schema>();

/** An object in which every one of the properties is required. */
export function recordSchema(properties: Map<string, Schema>): Schema {
  let required: string[] | undefined;
  const schema: Schema = {
    type: "object",
    properties,
    // Sorted when first asked for: a thousand merged imports make a thousand records of which one is ever read.
    get required() {
      required ??= [...properties.keys()].sort(compareText);
      return required;
    },
  };
  records.add(schema);
  return schema;
}

/** Whether a schema is a record, and nothing more than that. */
export function isRecordSchema(schema: Schema): boolean {
  return records.has(schema);
}

export function oneOfSchema(oneOf: Schema[]): Schema {
  return { type: "", oneOf };
}
