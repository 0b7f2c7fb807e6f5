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

/** An object in which every one of the properties is required. */
export function recordSchema(properties: Map<string, Schema>): Schema {
  let required: string[] | undefined;
  return {
    type: "object",
    properties,
    // Sorted when first asked for: a thousand merged imports make a thousand records of which one is ever read.
    get required() {
      required ??= [...properties.keys()].sort(compareText);
      return required;
    },
  };
}

export function oneOfSchema(oneOf: Schema[]): Schema {
  return { type: "", oneOf };
}
