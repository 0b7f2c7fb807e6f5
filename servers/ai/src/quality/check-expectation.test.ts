import { expect, test } from "vitest";
import { checkExpectation } from "./check-expectation.ts";

test.each([
  ["contains", "The capital is  PARIS.", "paris", 1],
  ["contains", "It is Lyon.", "Paris", 0],
  ["equals", '"Paris."', "paris", 1],
  ["equals", "Paris, France", "paris", 0],
  ["number", "6 × 7 = 42", "42", 1],
  ["number", "so the total is 1,234.50 USD", "1234.5", 1],
  ["number", "42, or rather 43", "42", 0],
  ["number", "I do not know.", "42", 0],
] as const)("%s: %j against %j", (kind, answer, expected, score) => {
  expect(checkExpectation(kind, answer, expected)).toBe(score);
});

test("a number that is none is the asker's mistake", () => {
  expect(() => checkExpectation("number", "4", "four")).toThrow("expects a number");
});
