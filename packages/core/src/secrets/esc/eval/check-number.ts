import type { Schema } from "../schema/schema.ts";
import type { Blame } from "./blame.ts";
import { quoteLimit, refuse } from "./validator.ts";
import type { Validator } from "./validator.ts";

// Beyond this many digits before or after the point, doubles have to do.
const maxScale = 1_000;

/** Checks a number's text against the limits of a schema, in decimal. */
export function checkNumber(
  validator: Validator,
  text: string,
  { accept, at }: { accept: Schema; at: Blame },
): boolean {
  if (!/^[-+]?\d+(\.\d*)?([eE][-+]?\d+)?$|^[-+]?\.\d+/.test(text)) return true;
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

/** Both numbers as integers of one scale; undefined when that scale is out of reason. */
function scaleTogether(a: string, b: string): [bigint, bigint] | undefined {
  const [left, right] = [parseDecimal(a), parseDecimal(b)];
  if (left === undefined || right === undefined) return undefined;
  const exponent = Math.min(left.exponent, right.exponent);
  return [
    left.digits * 10n ** BigInt(left.exponent - exponent),
    right.digits * 10n ** BigInt(right.exponent - exponent),
  ];
}

function parseDecimal(text: string): { digits: bigint; exponent: number } | undefined {
  const match = /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponentText = "0"] = match;
  const exponent = Number(exponentText) - fraction.length;
  if (Math.abs(exponent) > maxScale || whole.length > maxScale) return undefined;
  const magnitude = BigInt(`${whole}${fraction}` || "0");
  return { digits: sign === "-" ? -magnitude : magnitude, exponent };
}

function compareNumbers(a: string, b: string): number {
  const scaled = scaleTogether(a, b);
  if (scaled === undefined) return Number(a) - Number(b);
  return scaled[0] < scaled[1] ? -1 : Number(scaled[0] > scaled[1]);
}

function isMultiple(text: string, of: string): boolean {
  const scaled = scaleTogether(text, of);
  if (scaled === undefined) return Number.isInteger(Number(text) / Number(of));
  return scaled[1] !== 0n && scaled[0] % scaled[1] === 0n;
}
