import type { Schema } from "../schema/schema.ts";
import { compareText } from "../text/compare-text.ts";
import { blameItem, blameProperty } from "./blame.ts";
import type { Blame } from "./blame.ts";
import { acceptsAnything, checkType, matchesAny, refuse } from "./validator.ts";
import type { Validator } from "./validator.ts";

interface Comparison {
  /** What is known of the value. */
  actual: Schema | undefined;
  accept: Schema | undefined;
  at: Blame;
}

/** Checks something unknown by its schema: everything that it may be has to be accepted. */
export function validateSchema(validator: Validator, { actual, accept, at }: Comparison): boolean {
  if (accept === undefined || acceptsAnything(accept)) return true;
  if (accept.never) return false;
  if (actual === undefined || acceptsAnything(actual)) return true;
  if (actual.never) return false;
  const check = (own: Schema, wanted: Schema, with_: Validator = validator): boolean =>
    validateSchema(with_, { actual: own, accept: wanted, at });
  const checks = [
    accept.compiled?.ref === undefined || check(actual, accept.compiled.ref),
    actual.compiled?.ref === undefined || check(actual.compiled.ref, accept),
    matchesAny(
      validator,
      at,
      (actual.anyOf ?? []).map((part) => (attempt) => check(part, accept, attempt)),
    ),
    matchesAny(
      validator,
      at,
      (actual.oneOf ?? []).map((part) => (attempt) => check(part, accept, attempt)),
    ),
    actual.type === "" || checkType(validator, { actual: actual.type, accept, at }),
    matchesAny(
      validator,
      at,
      (accept.anyOf ?? []).map((part) => (attempt) => check(actual, part, attempt)),
    ),
    // Of an unknown value, "exactly one" cannot be told from "at least one".
    matchesAny(
      validator,
      at,
      (accept.oneOf ?? []).map((part) => (attempt) => check(actual, part, attempt)),
    ),
    actual.type !== "array" || validateItems(validator, { actual, accept, at }),
    actual.type !== "object" || validateProperties(validator, { actual, accept, at }),
  ];
  return checks.every(Boolean);
}

interface Pair {
  actual: Schema;
  accept: Schema;
  at: Blame;
}

function validateItems(validator: Validator, { actual, accept, at }: Pair): boolean {
  const own = actual.prefixItems ?? [];
  const wanted = accept.prefixItems ?? [];
  let isValid = true;
  for (let index = 0; index < Math.max(own.length, wanted.length); index += 1) {
    const item = {
      actual: index < own.length ? own[index] : actual.items,
      accept: index < wanted.length ? wanted[index] : accept.items,
      at: blameItem(at, index),
    };
    if (!validateSchema(validator, item)) isValid = false;
  }
  if (actual.items !== undefined && !actual.items.never) {
    if (!validateSchema(validator, { actual: actual.items, accept: accept.items, at })) isValid = false;
  }
  return isValid;
}

function validateProperties(validator: Validator, { actual, accept, at }: Pair): boolean {
  let isValid = true;
  for (const name of [...(actual.properties?.keys() ?? [])].sort(compareText)) {
    const property = {
      actual: actual.properties?.get(name),
      accept: accept.properties?.has(name) ? accept.properties.get(name) : accept.additionalProperties,
      at: blameProperty(at, name),
    };
    if (!validateSchema(validator, property)) isValid = false;
  }
  const additional = actual.additionalProperties;
  if (additional === undefined) return validateRequired(validator, { actual, accept, at }) && isValid;
  if (additional.never) return isValid;
  return validateSchema(validator, { actual: additional, accept: accept.additionalProperties, at }) && isValid;
}

function validateRequired(validator: Validator, { actual, accept, at }: Pair): boolean {
  const present = new Set(actual.required);
  let isValid = true;
  const demand = (names: readonly string[]): void => {
    for (const name of names) {
      if (present.has(name)) continue;
      isValid = refuse(validator, blameProperty(at, name), "missing required property");
    }
  };
  demand(accept.required ?? []);
  for (const [name, names] of accept.dependentRequired ?? []) if (present.has(name)) demand(names);
  return isValid;
}
