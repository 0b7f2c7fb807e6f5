import type { EscRepr, EscValue } from "@sophia/core/secrets/esc/value";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { formatJson } from "./format-json.ts";
import { formatString } from "./format-string.ts";
import { formatYaml } from "./format-yaml.ts";
import { toPlainData } from "@sophia/core/secrets/esc/to-json";

const nowhere = { line: 0, column: 0, byte: 0 };

function value(repr: EscRepr, flags: { secret?: boolean; unknown?: boolean } = {}): EscValue {
  return { value: repr, trace: { def: { begin: nowhere, end: nowhere } }, ...flags };
}

const example = value(
  new Map([
    ["zeta", value("two\nlines")],
    [
      "alpha",
      value(
        new Map([
          ["n", value({ number: "1.50" })],
          ["big", value({ number: "12345678901234567890" })],
        ]),
      ),
    ],
    ["key", value("canary", { secret: true })],
    ["later", value(null, { unknown: true })],
    ["list", value([value(true), value("canary", { secret: true }), value(null)])],
    ["empty", value(new Map())],
    ["__proto__", value("p")],
  ]),
);
const hidden = toPlainData(example, { reveal: false });

test("json", () => {
  expect(formatJson(hidden)).toBe(`{
  "__proto__": "p",
  "alpha": {
    "big": 12345678901234567890,
    "n": 1.50
  },
  "empty": {},
  "key": "[secret]",
  "later": "[unknown]",
  "list": [
    true,
    "[secret]",
    null
  ],
  "zeta": "two\\nlines"
}`);
});

test("yaml", () => {
  expect(formatYaml(hidden)).toBe(`__proto__: p
alpha:
  big: 12345678901234567890
  n: 1.50
empty: {}
key: "[secret]"
later: "[unknown]"
list:
  - true
  - "[secret]"
  - null
zeta: |-
  two
  lines`);
});

test("string", () => {
  expect(formatString(toPlainData(value([value("a b"), value({ number: "1.50" })]), { reveal: false }))).toBe(
    '"a b","1.50"',
  );
  expect(formatString(hidden)).toContain('"alpha"="\\"big\\"=\\"12345678901234567890\\",\\"n\\"=\\"1.50\\""');
});

test("secrets are shown only when that was asked for", () => {
  expect(formatJson(toPlainData(example, { reveal: true }))).toContain('"key": "canary"');
  for (const format of [formatJson, formatYaml, formatString]) expect(format(hidden)).not.toContain("canary");
});

test("what is read back is what was written, for any text", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 });
  fc.assert(
    fc.property(
      fc.dictionary(text, fc.oneof(text, fc.constantFrom("1", "true", "~", "- a", "a: b", "#c", "\t", " x "))),
      (data) => {
        const plain = toPlainData(value(new Map(Object.entries(data).map(([key, each]) => [key, value(each)]))), {
          reveal: true,
        });
        expect(JSON.parse(formatJson(plain))).toEqual(data);
        expect(parse(formatYaml(plain))).toEqual(data);
      },
    ),
  );
});
