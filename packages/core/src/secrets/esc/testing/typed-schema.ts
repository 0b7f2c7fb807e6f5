import {
  arraySchema,
  booleanSchema,
  nullSchema,
  numberSchema,
  oneOfSchema,
  recordSchema,
  stringSchema,
  tupleSchema,
} from "../schema/build-schema.ts";
import { alwaysSchema, neverSchema } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";

/** One property for each thing that a schema can say: what the provider "schema" of the conformance cases takes. */
export function typedSchema(): Schema {
  const properties: [string, Schema][] = [...plainTypes(), ...composedTypes(), ...constants(), ...limits()];
  const defs = new Map([["defRecord", recordSchema(new Map([["baz", stringSchema("qux")]]))]]);
  return { type: "object", defs, properties: new Map(properties) };
}

function plainTypes(): [string, Schema][] {
  return [
    ["null", nullSchema()],
    ["boolean", booleanSchema()],
    ["false", booleanSchema(false)],
    ["true", booleanSchema(true)],
    ["number", numberSchema()],
    ["pi", numberSchema({ number: "3.14" })],
    ["string", stringSchema()],
    ["hello", stringSchema("hello")],
    ["array", arraySchema(alwaysSchema)],
    ["map", { type: "object", additionalProperties: alwaysSchema }],
    ["never", neverSchema],
    ["always", alwaysSchema],
  ];
}

function composedTypes(): [string, Schema][] {
  const dependent: [string, Schema][] = [
    ["foo", stringSchema()],
    ["bar", numberSchema()],
  ];
  return [
    ["tuple", tupleSchema([stringSchema("hello"), stringSchema("world")])],
    ["record", recordSchema(new Map([["foo", stringSchema()]]))],
    ["anyOf", { type: "", anyOf: [stringSchema(), numberSchema()] }],
    ["oneOf", oneOfSchema([stringSchema(), numberSchema()])],
    ["ref", { type: "", ref: "#/$defs/defRecord" }],
    ["double", tupleSchema([stringSchema(), numberSchema()])],
    ["triple", tupleSchema([stringSchema(), numberSchema(), booleanSchema()])],
    [
      "dependentReq",
      { type: "object", properties: new Map(dependent), dependentRequired: new Map([["foo", ["bar"]]]) },
    ],
  ];
}

function constants(): [string, Schema][] {
  return [
    ["const-array", { type: "array", const: ["hello", { number: "42" }] }],
    ["const-object", { type: "object", const: new Map([["hello", "world"]]) }],
    ["enum", { type: "string", enum: ["foo", "bar"] }],
  ];
}

function limits(): [string, Schema][] {
  return [
    ["multiple", { type: "number", multipleOf: "2" }],
    ["minimum", { type: "number", minimum: "1" }],
    ["exclusiveMinimum", { type: "number", exclusiveMinimum: "1" }],
    ["maximum", { type: "number", maximum: "1" }],
    ["exclusiveMaximum", { type: "number", exclusiveMaximum: "1" }],
    ["minLength", { type: "string", minLength: "1" }],
    ["maxLength", { type: "string", maxLength: "1" }],
    ["pattern", { type: "string", pattern: "^foo[0-9]+$" }],
    ["minItems", { type: "array", minItems: "3" }],
    ["maxItems", { type: "array", maxItems: "2" }],
    ["minProperties", { type: "object", minProperties: "1" }],
    ["maxProperties", { type: "object", maxProperties: "1" }],
  ];
}
