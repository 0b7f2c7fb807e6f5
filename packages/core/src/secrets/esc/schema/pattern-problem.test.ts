import { expect, test } from "vitest";
import { findPatternProblem } from "./pattern-problem.ts";

test.for([
  ["a[b", "missing closing ]: `[b`"],
  ["[]", "missing closing ]: `[]`"],
  ["(a", "missing closing ): `(a`"],
  ["a)", "unexpected ): `a)`"],
  ["a|*", "missing argument to repetition operator: `*`"],
  ["a**", "invalid nested repetition operator: `**`"],
  ["a{2}{3}", "invalid nested repetition operator: `{2}{3}`"],
  ["a{2,1}", "invalid repeat count: `{2,1}`"],
  ["a{1001}", "invalid repeat count: `{1001}`"],
  ["[z-a]", "invalid character class range: `z-a`"],
  ["(?=a)", "invalid or unsupported Perl syntax: `(?=`"],
  ["(?P<n", "invalid named capture: `(?P<n`"],
  ["(a)\\1", "invalid escape sequence: `\\1`"],
  ["a\\", "trailing backslash at end of expression: ``"],
] as const)("%s: %s", ([pattern, problem]) => {
  expect(findPatternProblem(pattern)).toBe(problem);
});

test.for([
  "^[a-z0-9-]+$",
  "(?i)a|b",
  "(?P<n>a){1,3}?",
  "[]a]",
  "[^\\]]",
  "\\Qa(\\E",
  "\\x{10FFFF}",
  "a{,3}",
  "{",
  "\\d+\\.\\d+",
])("%s has no problem", (pattern) => {
  expect(findPatternProblem(pattern)).toBeUndefined();
});
