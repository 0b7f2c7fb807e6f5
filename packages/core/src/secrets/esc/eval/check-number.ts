import { compareBinaryNumbers, isBinaryMultiple, parseBinaryNumber } from "../schema/binary-number.ts";
import type { Schema } from "../schema/schema.ts";
import type { Blame } from "./blame.ts";
import { quoteLimit, refuse } from "./validator.ts";
import type { Validator } from "./validator.ts";

/** Checks a number's text against the limits of a schema. */
export function checkNumber(
  validator: Validator,
  text: string,
  { accept, at }: { accept: Schema; at: Blame },
): boolean {
  let isValid = true;
  const check = (limit: string | undefined, isMet: (order: number) => boolean, words: string): void => {
    if (limit === undefined || isMet(compareNumbers(text, limit))) return;
    isValid = refuse(validator, at, `expected a number ${words}${quoteLimit(validator, limit)}`);
  };
  const { multipleOf } = accept;
  if (multipleOf !== undefined && !isMultiple(text, multipleOf)) {
    isValid = refuse(validator, at, `expected a multiple of ${quoteLimit(validator, multipleOf)}`);
  }
  check(accept.minimum, (order) => order >= 0, "greater than or equal to ");
  check(accept.exclusiveMinimum, (order) => order > 0, "greater than ");
  // ESC's own message lacks the space.
  check(accept.maximum, (order) => order <= 0, "less than or equal to");
  check(accept.exclusiveMaximum, (order) => order < 0, "less than ");
  return isValid;
}

function compareNumbers(a: string, b: string): number {
  const [left, right] = [parseBinaryNumber(a), parseBinaryNumber(b)];
  if (left !== undefined && right !== undefined) return compareBinaryNumbers(left, right);
  const [low, high] = [toDouble(a), toDouble(b)];
  return low < high ? -1 : Number(low > high);
}

function isMultiple(text: string, of: string): boolean {
  const [left, right] = [parseBinaryNumber(text), parseBinaryNumber(of)];
  if (left !== undefined && right !== undefined) return isBinaryMultiple(left, right);
  return Number.isInteger(toDouble(text) / toDouble(of));
}

function toDouble(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}
