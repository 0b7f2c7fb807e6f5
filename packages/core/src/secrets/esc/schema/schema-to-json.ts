import { rawNumber, toJsonObject } from "../to-json.ts";
import type { Schema } from "./schema.ts";
import { constantLists, flags, numbers, subschemaLists, subschemas } from "./schema-keywords.ts";

const subschemaMaps = [
  ["defs", "$defs"],
  ["properties", "properties"],
] as const;
const constants = ["const", "default"] as const;
const nameLists = ["required", "rotateOnly"] as const;
const texts = ["pattern", "title", "description"] as const;

/** The JSON form of a schema. `hideConstants` leaves out what would give a value away. */
export function schemaToJson(schema: Schema, options: { hideConstants?: boolean } = {}): unknown {
  if (schema.never) return false;
  if (schema.always) return true;
  const json = Object.create(null) as Record<string, unknown>;
  json["type"] = schema.type;
  if (schema.ref !== undefined) json["$ref"] = schema.ref;
  addSubschemas(json, schema, (part) => schemaToJson(part, options));
  if (options.hideConstants !== true) addConstants(json, schema);
  for (const name of numbers) if (schema[name] !== undefined) json[name] = rawNumber(schema[name]);
  for (const name of texts) if (schema[name] !== undefined) json[name] = schema[name];
  for (const name of flags) if (schema[name]) json[name] = true;
  for (const name of nameLists) {
    const names = schema[name];
    if (names !== undefined && names.length > 0) json[name] = [...names];
  }
  const dependent = schema.dependentRequired;
  if (dependent !== undefined && dependent.size > 0) json["dependentRequired"] = toJsonObject(dependent);
  return json;
}

function addSubschemas(json: Record<string, unknown>, schema: Schema, convert: (part: Schema) => unknown): void {
  for (const [name, keyword] of subschemaMaps) {
    const parts = schema[name];
    if (parts === undefined || parts.size === 0) continue;
    const object = Object.create(null) as Record<string, unknown>;
    for (const [key, part] of parts) object[key] = convert(part);
    json[keyword] = object;
  }
  for (const name of subschemaLists) {
    const parts = schema[name];
    if (parts !== undefined && parts.length > 0) json[name] = parts.map(convert);
  }
  for (const name of subschemas) if (schema[name] !== undefined) json[name] = convert(schema[name]);
}

function addConstants(json: Record<string, unknown>, schema: Schema): void {
  for (const name of constants) if (schema[name] !== undefined) json[name] = toJsonObject(schema[name]);
  for (const name of constantLists) {
    const items = schema[name];
    if (items !== undefined && items.length > 0) json[name] = items.map(toJsonObject);
  }
}
