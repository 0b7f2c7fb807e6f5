import { compileSchema } from "./compile-schema.ts";
import type { Schema } from "./schema.ts";

/** The schema that the `schema` of `fn::validate` must match. */
export const jsonSchemaSchema: Schema = buildJsonSchemaSchema();

function buildJsonSchemaSchema(): Schema {
  const schema: Schema = {
    type: "",
    ref: "#/$defs/schema",
    defs: new Map([["schema", { type: "", anyOf: [{ type: "boolean" }, objectForm()] }]]),
  };
  compileSchema(schema);
  return schema;
}

function objectForm(): Schema {
  const subschema = (): Schema => ({ type: "", ref: "#/$defs/schema" });
  const anything = (): Schema => ({ type: "" });
  const of = (type: string) => (): Schema => ({ type });
  const listOf = (items: () => Schema) => (): Schema => ({ type: "array", items: items() });
  const mapOf = (values: () => Schema) => (): Schema => ({ type: "object", additionalProperties: values() });
  const types = ["string", "number", "boolean", "array", "object", "null"];
  const keywords: [() => Schema, string][] = [
    [mapOf(subschema), "$defs properties"],
    [of("string"), "$ref pattern title description"],
    [listOf(subschema), "anyOf oneOf prefixItems"],
    [subschema, "items additionalProperties"],
    [() => ({ type: "string", enum: [...types] }), "type"],
    [anything, "const default"],
    [of("array"), "enum examples"],
    [of("number"), "multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength"],
    [of("number"), "maxItems minItems maxProperties minProperties"],
    [of("boolean"), "uniqueItems deprecated"],
    [listOf(of("string")), "required"],
    [mapOf(listOf(of("string"))), "dependentRequired"],
  ];
  const properties = new Map<string, Schema>();
  for (const [make, names] of keywords) for (const name of names.split(" ")) properties.set(name, make());
  return { type: "object", properties };
}
