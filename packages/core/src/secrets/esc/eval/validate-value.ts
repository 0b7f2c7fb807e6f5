import type { EscDiagnostic } from "../evaluation.ts";
import { compileSchema } from "../schema/compile-schema.ts";
import { matchPattern } from "../schema/match-pattern.ts";
import type { Schema, SchemaConstant } from "../schema/schema.ts";
import { noSyntax } from "../syntax/syntax-node.ts";
import { quote } from "../text/quote.ts";
import { byteLength } from "../text/text-bytes.ts";
import { isEscNumber } from "../value.ts";
import { blame } from "./blame.ts";
import type { Blame } from "./blame.ts";
import { checkNumber } from "./check-number.ts";
import type { ValueNode } from "./nodes.ts";
import { validateSchema } from "./validate-schema.ts";
import { acceptsAnything, checkType, matchesAny, quoteConstant, quoteLimit, refuse } from "./validator.ts";
import type { Validator } from "./validator.ts";
import { keysOf, propertyOf } from "./value-tree.ts";

/** Checks that a value is what a schema says. What is not is told at the expression, or the part of a literal, to blame. */
export function validateValue(
  value: ValueNode,
  accept: Schema,
  options: { hidesSchema?: boolean } = {},
): { isValid: boolean; diagnostics: EscDiagnostic[] } {
  const validator: Validator = { diagnostics: [], hidesSchema: options.hidesSchema === true };
  return { isValid: validate(validator, value, accept), diagnostics: validator.diagnostics };
}

function validate(validator: Validator, value: ValueNode | undefined, accept: Schema | undefined): boolean {
  if (value === undefined) return true;
  return validateElement(validator, { value, accept, at: blame(value.def) });
}

interface Check {
  value: ValueNode;
  accept: Schema;
  at: Blame;
}

function validateElement(validator: Validator, check: Omit<Check, "accept"> & { accept: Schema | undefined }): boolean {
  const { value, accept, at } = check;
  if (accept === undefined || acceptsAnything(accept)) return true;
  const problem = compileSchema(accept);
  if (problem !== undefined) return refuse(validator, at, `internal error: invalid schema: ${problem}`);
  if (accept.never) return false;
  if (value.unknown) return validateSchema(validator, { actual: value.schema, accept, at });
  const reference = accept.compiled?.ref;
  const checks = [
    reference === undefined || validateElement(validator, { value, accept: reference, at }),
    matchesAny(
      validator,
      at,
      (accept.anyOf ?? []).map((part) => (attempt) => validateElement(attempt, { value, accept: part, at })),
    ),
    validateOneOf(validator, { value, accept, at }),
    validateConstants(validator, { value, accept, at }),
    validateType(validator, { value, accept, at }),
  ];
  return checks.every(Boolean);
}

function validateOneOf(validator: Validator, { value, accept, at }: Check): boolean {
  if (accept.oneOf === undefined || accept.oneOf.length === 0) return true;
  const diagnostics: EscDiagnostic[] = [];
  let isMatched = false;
  for (const part of accept.oneOf) {
    const attempt: Validator = { diagnostics: [], hidesSchema: validator.hidesSchema };
    if (validateElement(attempt, { value, accept: part, at })) {
      if (isMatched) return refuse(validator, at, "exactly one subschema may match");
      isMatched = true;
    }
    diagnostics.push(...attempt.diagnostics);
  }
  if (isMatched) return true;
  validator.diagnostics.push(...diagnostics);
  return refuse(validator, at, "exactly one subschema must match");
}

function validateConstants(validator: Validator, { value, accept, at }: Check): boolean {
  let isValid = true;
  if (accept.const !== undefined && !equalsConstant(value, accept.const)) {
    isValid = refuse(validator, at, `expected ${quoteConstant(validator, accept.const)}`);
  }
  const options = accept.enum ?? [];
  const [only] = options;
  if (only === undefined || options.some((option) => equalsConstant(value, option))) return isValid;
  const wanted = options.length === 1 ? quoteConstant(validator, only) : `one of ${quoteConstant(validator, options)}`;
  return refuse(validator, at, `expected ${wanted}`);
}

function equalsConstant({ repr }: ValueNode, constant: SchemaConstant): boolean {
  if (constant === null || typeof constant !== "object") return repr === constant;
  if (isEscNumber(constant)) return isEscNumber(repr) && repr.number === constant.number;
  if (Array.isArray(constant)) {
    const items = constant as readonly SchemaConstant[];
    if (!Array.isArray(repr) || repr.length !== items.length) return false;
    return items.every((item, index) => equalsConstant(repr[index] as ValueNode, item));
  }
  const properties = constant as ReadonlyMap<string, SchemaConstant>;
  if (!(repr instanceof Map) || repr.size !== properties.size) return false;
  return [...properties].every(([key, item]) => {
    const property = repr.get(key);
    return property !== undefined && equalsConstant(property, item);
  });
}

function validateType(validator: Validator, check: Check): boolean {
  const { value, accept, at } = check;
  const { repr } = value;
  const is = (actual: string): boolean => checkType(validator, { actual, accept, at });
  if (repr === null) return is("null");
  if (typeof repr === "boolean") return is("boolean");
  if (typeof repr === "string") return is("string") && validateText(validator, repr, check);
  if (Array.isArray(repr)) return is("array") && validateArray(validator, repr, check);
  if (repr instanceof Map) return is("object") && validateObject(validator, check);
  return is("number") && checkNumber(validator, repr.number, check);
}

function validateText(validator: Validator, text: string, { accept, at }: Check): boolean {
  let isValid = true;
  const { minLength, maxLength } = accept;
  if (minLength !== undefined && byteLength(text) < Number(minLength)) {
    isValid = refuse(validator, at, `expected a string of at least length ${quoteLimit(validator, minLength)}`);
  }
  if (maxLength !== undefined && byteLength(text) > Number(maxLength)) {
    isValid = refuse(validator, at, `expected a string of at most length ${quoteLimit(validator, maxLength)}`);
  }
  const pattern = accept.compiled?.pattern;
  if (pattern === undefined) return isValid;
  const isFound = matchPattern(pattern, text);
  if (isFound === undefined) return refuse(validator, at, "the pattern takes too long to match");
  if (isFound) return isValid;
  const shown = quoteLimit(validator, quote(accept.pattern ?? ""));
  return refuse(validator, at, `string must match the pattern ${shown}`);
}

function validateArray(validator: Validator, elements: readonly ValueNode[], { accept, at }: Check): boolean {
  let isValid = true;
  const { minItems, maxItems, prefixItems = [] } = accept;
  if (minItems !== undefined && elements.length < Number(minItems)) {
    isValid = refuse(validator, at, `expected an array with at least ${quoteLimit(validator, minItems)} items`);
  }
  if (maxItems !== undefined && elements.length > Number(maxItems)) {
    isValid = refuse(validator, at, `expected an array with at most ${quoteLimit(validator, maxItems)} items`);
  }
  for (const [index, element] of elements.entries()) {
    const wanted = index < prefixItems.length ? prefixItems[index] : accept.items;
    if (!validate(validator, element, wanted)) isValid = false;
  }
  return isValid;
}

function validateObject(validator: Validator, { value, accept, at }: Check): boolean {
  const keys = keysOf(value);
  let isValid = true;
  const { minProperties, maxProperties } = accept;
  if (minProperties !== undefined && keys.length < Number(minProperties)) {
    const limit = quoteLimit(validator, minProperties);
    isValid = refuse(validator, at, `expected an object with at least ${limit} properties`);
  }
  if (maxProperties !== undefined && keys.length > Number(maxProperties)) {
    const limit = quoteLimit(validator, maxProperties);
    isValid = refuse(validator, at, `expected an object with at most ${limit} properties`);
  }
  for (const key of keys) {
    const wanted = accept.properties?.has(key) ? accept.properties.get(key) : accept.additionalProperties;
    if (!validate(validator, propertyOf(value, noSyntax, key), wanted)) isValid = false;
  }
  const missing = missingProperties(accept, new Set(keys));
  if (missing.length > 0) isValid = refuse(validator, at, `missing required properties: ${missing.join(", ")}`);
  return isValid;
}

function missingProperties(accept: Schema, keys: ReadonlySet<string>): string[] {
  const missing = (accept.required ?? []).filter((name) => !keys.has(name));
  for (const [name, names] of accept.dependentRequired ?? []) {
    if (keys.has(name)) missing.push(...names.filter((required) => !keys.has(required)));
  }
  return missing;
}
