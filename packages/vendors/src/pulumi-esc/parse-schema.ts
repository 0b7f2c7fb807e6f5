import { alwaysSchema, neverSchema, type Schema, type SchemaConstant } from "@sophia/core/secrets/esc/schema/schema";
import { isWireNumber, isWireObject, type WireJson, type WireObject } from "./parse-wire-json.ts";

const single = ["items", "additionalProperties"] as const;
const lists = ["anyOf", "oneOf", "prefixItems"] as const;
const texts = [
  "multipleOf",
  "maximum",
  "exclusiveMaximum",
  "minimum",
  "exclusiveMinimum",
  "maxLength",
  "minLength",
  "pattern",
  "maxItems",
  "minItems",
  "maxProperties",
  "minProperties",
  "title",
  "description",
] as const;
const flags = ["uniqueItems", "deprecated", "secret"] as const;

/** A schema as the API shows it. What is not understood is left out: it only describes, it decides nothing here. */
export function parseSchema(wire: WireJson | undefined): Schema {
  if (wire === false) return neverSchema;
  if (!isWireObject(wire)) return alwaysSchema;
  const schema: Schema = { type: typeof wire["type"] === "string" ? wire["type"] : "" };
  if (typeof wire["$ref"] === "string") schema.ref = wire["$ref"];
  if (isWireObject(wire["$defs"])) schema.defs = parseSchemas(wire["$defs"]);
  if (isWireObject(wire["properties"])) schema.properties = parseSchemas(wire["properties"]);
  for (const name of single) if (wire[name] !== undefined) schema[name] = parseSchema(wire[name]);
  for (const name of lists) {
    const list = wire[name];
    if (Array.isArray(list)) schema[name] = list.map(parseSchema);
  }
  for (const name of texts) {
    const text = wire[name];
    if (typeof text === "string") schema[name] = text;
    else if (isWireNumber(text)) schema[name] = text.number;
  }
  for (const name of flags) if (wire[name] === true) schema[name] = true;
  copyNames(wire, schema);
  copyConstants(wire, schema);
  return schema;
}

function parseSchemas(wire: WireObject): Map<string, Schema> {
  return new Map(Object.entries(wire).map(([name, item]) => [name, parseSchema(item)]));
}

function copyNames(wire: WireObject, schema: Schema): void {
  for (const name of ["required", "rotateOnly"] as const) {
    const names = wire[name];
    if (Array.isArray(names)) schema[name] = names.filter((each) => typeof each === "string");
  }
}

function copyConstants(wire: WireObject, schema: Schema): void {
  for (const name of ["const", "default"] as const) {
    const constant = wire[name];
    if (constant !== undefined) schema[name] = toConstant(constant);
  }
  for (const name of ["enum", "examples"] as const) {
    const list = wire[name];
    if (Array.isArray(list)) schema[name] = list.map(toConstant);
  }
}

function toConstant(value: WireJson): SchemaConstant {
  if (Array.isArray(value)) return value.map(toConstant);
  if (!isWireObject(value)) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, toConstant(item)]));
}
