import { z } from "zod";

type JsonSchema = Record<string, unknown>;

/**
 * The JSON Schema of a zod schema in the spelling that every client understands (`mcp-inspector --strict`): one `type`
 * a schema, since clients that map schemas onto the OpenAPI subset drop lists of types, and no empty schemas.
 * 2020-12 is the protocol's default dialect; naming it in each schema would cost every client's context some tokens.
 */
export function toWireSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", io, unrepresentable: "any" });
  const portable = toPortable(rest, io);
  return schema.meta()?.["$schema"] === undefined ? portable : { $schema, ...portable };
}

function toPortable(schema: JsonSchema, io: "input" | "output"): JsonSchema {
  const portable: JsonSchema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "items" && isEmpty(value)) continue;
    if (saysNothing(keyword, value, io)) continue;
    portable[keyword] =
      keyword === "additionalProperties" && isEmpty(value) ? true : toPortableValue(keyword, value, io);
  }
  const { type, ...rest } = portable;
  return Array.isArray(type) ? splitTypes(type, rest) : portable;
}

/**
 * Every list is paid for in tokens by every client. The bounds of a safe integer go without saying, an answer is never
 * refused for a member too many, and what its members mean is said by their names and by the text beside them.
 */
function saysNothing(keyword: string, value: unknown, io: "input" | "output"): boolean {
  if (keyword === "maximum" || keyword === "minimum") return Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;
  return io === "output" && (keyword === "description" || (keyword === "additionalProperties" && value === false));
}

/** `enum`, `const` and `default` hold values, not schemas. */
const valueKeywords = new Set(["enum", "const", "default", "examples", "required"]);

function toPortableValue(keyword: string, value: unknown, io: "input" | "output"): unknown {
  if (valueKeywords.has(keyword)) return value;
  if (Array.isArray(value)) return value.map((entry) => (isRecord(entry) ? toPortable(entry, io) : entry));
  if (!isRecord(value)) return value;
  // The names under `properties` and `$defs` are not keywords.
  return keyword === "properties" || keyword === "$defs"
    ? Object.fromEntries(
        Object.entries(value).map(([name, entry]) => [name, isRecord(entry) ? toPortable(entry, io) : entry]),
      )
    : toPortable(value, io);
}

function splitTypes(types: unknown[], rest: JsonSchema): JsonSchema {
  const { description, title, default: fallback, ...constraints } = rest;
  const outside = { description, title, default: fallback };
  return {
    ...Object.fromEntries(Object.entries(outside).filter(([, value]) => value !== undefined)),
    anyOf: types.map((type) => (type === "null" ? { type } : { type, ...constraints })),
  };
}

function isEmpty(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

function isRecord(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
