import { recordSchema } from "../../esc/schema/build-schema.ts";
import type { Schema } from "../../esc/schema/schema.ts";

export const text: Schema = { type: "string" };
export const secretText: Schema = { type: "string", secret: true };

/** An object with these properties; those named in `optional` may be absent. */
export function objectOf(properties: Record<string, Schema>, optional: readonly string[] = []): Schema {
  const all = new Map(Object.entries(properties));
  if (optional.length === 0) return recordSchema(all);
  return {
    type: "object",
    properties: all,
    required: [...all.keys()].filter((name) => !optional.includes(name)).sort(),
  };
}

/** Names of the author's choice → one kind of thing. */
export function mapOf(item: Schema): Schema {
  return { type: "object", additionalProperties: item };
}
