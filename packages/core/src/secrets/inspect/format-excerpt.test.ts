import { expect, test } from "vitest";
import type { EscDiagnostic } from "../esc/evaluation.ts";
import { createExcerptFormatter } from "./format-excerpt.ts";

function at(line: number, column: number, endColumn: number): EscDiagnostic {
  const position = (each: number) => ({ line, column: each, byte: 0 });
  const range = { environment: "sophia/base", begin: position(column), end: position(endColumn) };
  return { severity: "error", summary: 'unknown property "x"', range };
}

const source = [
  "values:",
  "  a: ${nowhere}",
  "  b: { fn::secret: hunter2hunter2, fn::toJSON: '${x}' }",
  "  c:",
  "    fn::secret: |",
  "      first canary",
  "      second canary",
  "  d: { fn::secret: { ciphertext: ZXNjeAAAAA== } }",
].join("\n");
const { format } = createExcerptFormatter("sophia/base", source);

test("shows the line with marks below the place", () => {
  expect(format(at(2, 6, 16))).toBe("2 |   a: ${nowhere}\n  |      ^^^^^^^^^^");
});

test("masks a secret, and the marks stay where they belong", () => {
  expect(format(at(3, 49, 53))).toBe(
    "3 |   b: { fn::secret: [secret], fn::toJSON: '${x}' }\n  |                                           ^^^^",
  );
  expect(format(at(3, 20, 34))).toBe(
    "3 |   b: { fn::secret: [secret], fn::toJSON: '${x}' }\n  |                    ^^^^^^^^",
  );
});

test.each([5, 6, 7])("line %i of a secret with several lines shows none of it", (line) => {
  expect(format(at(line, 7, 12))).not.toMatch(/canary/);
});

test("ciphertext is no secret", () => {
  expect(format(at(8, 8, 18))).toContain("ZXNjeAAAAA==");
});

test("shows nothing of a text in which secrets cannot be found, nor of another environment's", () => {
  const broken = createExcerptFormatter("sophia/base", "values:\n  a: { fn::secret: canary\n b: [");
  expect(broken.format(at(2, 6, 7))).toBeUndefined();
  expect(createExcerptFormatter("sophia/other", source).format(at(2, 6, 16))).toBeUndefined();
  expect(format({ severity: "error", summary: "no place" })).toBeUndefined();
});

test("a comment that mentions fn::secret keeps the text from being shown", () => {
  const commented = createExcerptFormatter("sophia/base", "values:\n  # fn::secret: canary\n  a: ${b}\n");
  expect(commented.format(at(2, 1, 4))).toBeUndefined();
});
