import { quote } from "../text/quote.ts";
import { findPatternProblem } from "./pattern-problem.ts";
import type { Schema } from "./schema.ts";

/** Prepares a schema for validation. Returns what is wrong with it, or undefined. Marks the schema, at any depth. */
export function compileSchema(schema: Schema): string | undefined {
  return compile(schema, schema);
}

function compile(schema: Schema | undefined, root: Schema): string | undefined {
  if (schema === undefined || schema.compiled !== undefined || schema.always || schema.never) return undefined;
  schema.compiled = {};
  const problem = compileReference(schema, root) ?? compileParts(schema, root);
  if (problem !== undefined) return problem;
  for (const name of schema.rotateOnly ?? []) {
    const property = schema.properties?.get(name);
    if (property !== undefined) schema.properties?.set(name, markRotateOnly(property));
  }
  return checkCounts(schema) ?? compilePattern(schema);
}

function compileReference(schema: Schema, root: Schema): string | undefined {
  if (schema.ref === undefined) return undefined;
  const name = /^#\/\$defs\/([^/]*)$/.exec(schema.ref)?.[1];
  if (name === undefined) return "only fragment references of the form #/$defs/ref are supported";
  let decoded: string;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    return `invalid URL escape ${quote(/%.{0,2}/.exec(name)?.[0] ?? name)}`;
  }
  const target = root.defs?.get(decoded);
  if (target === undefined) return `unknown subschema ${schema.ref}`;
  schema.compiled = { ref: target };
  return compile(target, root);
}

function compileParts(schema: Schema, root: Schema): string | undefined {
  const parts = [
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.prefixItems ?? []),
    schema.items,
    schema.additionalProperties,
    ...(schema.properties?.values() ?? []),
  ];
  for (const part of parts) {
    const problem = compile(part, root);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A copy of the schema, marked at any depth as needed by rotation only. */
function markRotateOnly(schema: Schema): Schema {
  if (schema.compiled?.isRotateOnly) return schema;
  const marked: Schema = { ...schema, compiled: { ...schema.compiled, isRotateOnly: true } };
  if (schema.compiled?.ref) marked.compiled = { ...marked.compiled, ref: markRotateOnly(schema.compiled.ref) };
  if (schema.anyOf) marked.anyOf = schema.anyOf.map(markRotateOnly);
  if (schema.oneOf) marked.oneOf = schema.oneOf.map(markRotateOnly);
  if (schema.prefixItems) marked.prefixItems = schema.prefixItems.map(markRotateOnly);
  if (schema.items) marked.items = markRotateOnly(schema.items);
  if (schema.additionalProperties) marked.additionalProperties = markRotateOnly(schema.additionalProperties);
  if (schema.properties) {
    marked.properties = new Map([...schema.properties].map(([name, property]) => [name, markRotateOnly(property)]));
    marked.rotateOnly = [...schema.properties.keys()];
  } else delete marked.rotateOnly;
  return marked;
}

const counts = ["maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"] as const;

function checkCounts(schema: Schema): string | undefined {
  for (const name of counts) {
    const text = schema[name];
    if (text === undefined) continue;
    if (!/^\d+$/.test(text)) return `strconv.ParseUint: parsing ${quote(text)}: invalid syntax`;
    if (BigInt(text) >= 2n ** 64n) return `strconv.ParseUint: parsing ${quote(text)}: value out of range`;
  }
  return undefined;
}

function compilePattern(schema: Schema): string | undefined {
  if (schema.pattern === undefined || schema.pattern === "") return undefined;
  const problem = findPatternProblem(schema.pattern);
  if (problem !== undefined) return `error parsing regexp: ${problem}`;
  // RE2's spelling of flags, ends and named groups.
  const flags = /^\(\?([ims]+)\)/.exec(schema.pattern);
  const source = schema.pattern
    .slice(flags?.[0].length ?? 0)
    .replaceAll("(?P<", "(?<")
    .replaceAll(/(?<!\\)((?:\\\\)*)\\A/g, "$1^")
    .replaceAll(/(?<!\\)((?:\\\\)*)\\z/g, "$1$");
  for (const mode of ["u", ""]) {
    try {
      schema.compiled = { ...schema.compiled, pattern: new RegExp(source, (flags?.[1] ?? "") + mode) };
      return undefined;
    } catch {
      // Tried once more without Unicode mode, which refuses needless escapes that RE2 takes.
    }
  }
  return `error parsing regexp: \`${schema.pattern}\``;
}
