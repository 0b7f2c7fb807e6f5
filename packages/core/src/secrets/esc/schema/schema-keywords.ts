/** JSON Schema's keywords as ESC knows them, by what stands behind them: read and written by the same lists. */
export const subschemas = ["items", "additionalProperties"] as const;
export const subschemaLists = ["anyOf", "oneOf", "prefixItems"] as const;
export const constantLists = ["enum", "examples"] as const;
export const flags = ["uniqueItems", "deprecated", "secret"] as const;
export const numbers = [
  "multipleOf",
  "maximum",
  "exclusiveMaximum",
  "minimum",
  "exclusiveMinimum",
  "maxLength",
  "minLength",
  "maxItems",
  "minItems",
  "maxProperties",
  "minProperties",
] as const;
