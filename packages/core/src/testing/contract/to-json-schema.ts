/** Parts of a document that hold data, not schemas. */
const dataMembers = new Set(["example", "examples", "default", "const", "enum"]);

type Members = Record<string, unknown>;

/**
 * What OpenAPI 3.0 words in its own way, in the words of JSON Schema 2020-12, which 3.1 uses: `nullable` and boolean
 * exclusive limits. In place; many documents that call themselves 3.1 still use them.
 * https://spec.openapis.org/oas/v3.0.4.html#schema-object
 */
export function toJsonSchema(node: unknown): void {
  if (Array.isArray(node)) {
    for (const item of node) toJsonSchema(item);
    return;
  }
  if (!isMembers(node)) return;
  for (const [name, member] of Object.entries(node)) if (!dataMembers.has(name)) toJsonSchema(member);
  allowNull(node);
  for (const [exclusive, limit] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const) {
    if (typeof node[exclusive] !== "boolean") continue;
    if (node[exclusive]) {
      node[exclusive] = node[limit];
      delete node[limit];
    } else delete node[exclusive];
  }
}

function allowNull(schema: Members): void {
  // A property may be called `nullable`: it is a schema then, no boolean.
  if (typeof schema["nullable"] !== "boolean") return;
  const isNullable = schema["nullable"];
  delete schema["nullable"];
  if (!isNullable) return;
  if (typeof schema["type"] === "string") {
    schema["type"] = [schema["type"], "null"];
    if (Array.isArray(schema["enum"]) && !schema["enum"].includes(null)) schema["enum"] = [...schema["enum"], null];
    return;
  }
  const { ...rest } = schema;
  if (Object.keys(rest).length === 0) return;
  for (const name of Object.keys(schema)) delete schema[name];
  schema["anyOf"] = [rest, { type: "null" }];
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null;
}
