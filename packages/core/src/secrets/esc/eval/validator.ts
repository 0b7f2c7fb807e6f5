import type { EscDiagnostic } from "../evaluation.ts";
import { errorAt } from "../parse/diagnose.ts";
import type { Schema, SchemaConstant } from "../schema/schema.ts";
import { formatJson } from "../text/format-json.ts";
import type { Blame } from "./blame.ts";

/** Collects what is invalid. `hidesSchema`: constants and patterns are not quoted, since they came out of a secret. */
export interface Validator {
  diagnostics: EscDiagnostic[];
  hidesSchema: boolean;
}

/** Records a failure; always false, as the outcome of the check that failed. */
export function refuse(validator: Validator, at: Blame, message: string): false {
  const summary = at.isPrefix ? `${at.path}: ${message}` : message;
  validator.diagnostics.push(errorAt(at.node.form.syntax, summary));
  return false;
}

/** A constant of the schema for a message. */
export function quoteConstant(validator: Validator, constant: SchemaConstant): string {
  if (validator.hidesSchema) return "[secret]";
  const formatted = formatJson(constant);
  return "text" in formatted ? formatted.text : `<error formatting constant: ${formatted.error}>`;
}

/** A text of the schema, e.g. a limit or a pattern, for a message. */
export function quoteLimit(validator: Validator, limit: string): string {
  return validator.hidesSchema ? "[secret]" : limit;
}

/** Checks that one alternative at least passes. What is wrong with each of them is told only when none does. */
export function matchesAny(
  validator: Validator,
  at: Blame,
  attempts: readonly ((attempt: Validator) => boolean)[],
): boolean {
  if (attempts.length === 0) return true;
  const diagnostics: EscDiagnostic[] = [];
  let isMatched = false;
  for (const attempt of attempts) {
    const own: Validator = { diagnostics: [], hidesSchema: validator.hidesSchema };
    if (attempt(own)) isMatched = true;
    diagnostics.push(...own.diagnostics);
  }
  if (isMatched) return true;
  validator.diagnostics.push(...diagnostics);
  return refuse(validator, at, "at least one subschema must match");
}

export function acceptsAnything(schema: Schema | undefined): schema is undefined {
  return schema === undefined || schema.always === true;
}

export function checkType(
  validator: Validator,
  { actual, accept, at }: { actual: string; accept: Schema; at: Blame },
): boolean {
  if (accept.type === "" || actual === accept.type) return true;
  return refuse(validator, at, `expected ${accept.type}, got ${actual}`);
}
