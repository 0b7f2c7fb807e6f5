import { expect, test } from "vitest";
import { compareBinaryNumbers, isBinaryMultiple, parseBinaryNumber } from "./binary-number.ts";
import type { BinaryNumber } from "./binary-number.ts";

function parse(text: string): BinaryNumber {
  return parseBinaryNumber(text) as BinaryNumber;
}

test.for([
  ["0.3", "0.1", true],
  ["1e2", "0.5", true],
  ["-4", "2", true],
  ["0", "7", true],
  ["7", "2", false],
  ["1", "0", false],
] as const)("%s is a multiple of %s: %s", ([a, b, expected]) => {
  expect(isBinaryMultiple(parse(a), parse(b))).toBe(expected);
});

test("numbers are compared as far as 64 bits go", () => {
  const order = (a: string, b: string): number => compareBinaryNumbers(parse(a), parse(b));
  expect(order("0.1", "0.10")).toBe(0);
  expect(order("-1", "1e-7")).toBe(-1);
  expect(order("18446744073709551615", "18446744073709551614")).toBe(1);
  expect(order("18446744073709551617", "18446744073709551616")).toBe(0);
});

test.for(["", ".", "x", "1e", "+Inf", "1e99999"])("%s has no exact value", (text) => {
  expect(parseBinaryNumber(text)).toBeUndefined();
});
