import type { JsonData } from "../text/format-json.ts";
import { isEscNumber } from "../value.ts";
import { alwaysSchema, neverSchema } from "./schema.ts";
import type { Schema, SchemaConstant } from "./schema.ts";
import { constantLists, flags, numbers, subschemaLists, subschemas } from "./schema-keywords.ts";

type Reader = (schema: Schema, data: JsonData) => void;

const texts = ["pattern", "title", "description", "type"] as const;

/** The JSON form of a schema → the schema. What ESC does not know is left out. */
export function parseSchema(data: JsonData): Schema {
  if (data === true) return { ...alwaysSchema };
  if (data === false) return { ...neverSchema };
  const schema: Schema = { type: "" };
  if (!(data instanceof Map)) return schema;
  for (const [keyword, item] of data as ReadonlyMap<string, JsonData>) readers.get(keyword)?.(schema, item);
  return schema;
}

const readers = new Map<string, Reader>([
  ...texts.map((name): [string, Reader] => [
    name,
    (schema, data) => void (typeof data === "string" && data !== "" && (schema[name] = data)),
  ]),
  ...flags.map((name): [string, Reader] => [name, (schema, data) => void (data === true && (schema[name] = true))]),
  ...numbers.map((name): [string, Reader] => [
    name,
    (schema, data) => void (isEscNumber(data) && (schema[name] = data.number)),
  ]),
  ...subschemas.map((name): [string, Reader] => [name, (schema, data) => void (schema[name] = parseSchema(data))]),
  ...subschemaLists.map((name): [string, Reader] => [
    name,
    (schema, data) => void (Array.isArray(data) && (schema[name] = (data as readonly JsonData[]).map(parseSchema))),
  ]),
  ...constantLists.map((name): [string, Reader] => [
    name,
    (schema, data) => void (Array.isArray(data) && (schema[name] = [...(data as readonly SchemaConstant[])])),
  ]),
  ["$ref", (schema, data) => void (typeof data === "string" && data !== "" && (schema.ref = data))],
  ["const", (schema, data) => void (data !== null && (schema.const = data as SchemaConstant))],
  ["default", (schema, data) => void (data !== null && (schema.default = data as SchemaConstant))],
  ["$defs", (schema, data) => void (data instanceof Map && (schema.defs = parseMap(data, parseSchema)))],
  ["properties", (schema, data) => void (data instanceof Map && (schema.properties = parseMap(data, parseSchema)))],
  ["required", (schema, data) => void (schema.required = parseNames(data))],
  ["rotateOnly", (schema, data) => void (schema.rotateOnly = parseNames(data))],
  [
    "dependentRequired",
    (schema, data) => void (data instanceof Map && (schema.dependentRequired = parseMap(data, parseNames))),
  ],
]);

function parseNames(data: JsonData): string[] {
  if (!Array.isArray(data)) return [];
  return (data as readonly JsonData[]).filter((name) => typeof name === "string");
}

function parseMap<Item>(data: ReadonlyMap<string, JsonData>, parse: (data: JsonData) => Item): Map<string, Item> {
  return new Map([...data].map(([key, item]) => [key, parse(item)]));
}
