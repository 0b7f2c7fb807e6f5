import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64 } from "./decode-base64.ts";
import { findNearest, sortByEditDistance } from "./edit-distance.ts";
import { formatJson } from "./format-json.ts";
import { parseJson } from "./parse-json.ts";
import { quote } from "./quote.ts";
import { bytesToText, textToBytes } from "./text-bytes.ts";

test.for([
  ["", "EOF"],
  ["{", "unexpected EOF"],
  ["hello", "invalid character 'h' looking for beginning of value"],
  ["{a: 1}", "invalid character 'a' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a": 1 "b"}', "invalid character '\"' after object key:value pair"],
  ["[1 2]", "invalid character '2' after array element"],
  ["tru1", "invalid character '1' in literal true (expecting 'e')"],
  ['"a\\x"', "invalid character 'x' in string escape code"],
  ["1.x", "invalid character 'x' after decimal point in numeric literal"],
  ["\udcff", "invalid character 'ÿ' looking for beginning of value"],
  ["é", "invalid character 'Ã' looking for beginning of value"],
  ["'a'", "invalid character '\\'' looking for beginning of value"],
] as const)("%s is no JSON: %s", ([text, error]) => {
  expect(parseJson(text)).toEqual({ error });
});

test("JSON is read as far as its first value, with every digit", () => {
  expect(parseJson(' {"a": [1.50, 1e400, -0]} trailing')).toMatchObject({
    value: { value: new Map([["a", { value: [{ value: { number: "1.50" } }, { value: { number: "1e400" } }, {}] }]]) },
  });
});

test("JSON.parse agrees on what is JSON", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const parsed = parseJson(text);
      expect("value" in parsed).toBe(true);
    }),
  );
});

test("JSON is written with keys in order and HTML's characters escaped", () => {
  const data = new Map<string, string | { number: string }>([
    ["b", "<a&b>\u2028"],
    ["a", { number: "1.50" }],
  ]);
  expect(formatJson(data)).toEqual({ text: '{"a":1.50,"b":"\\u003ca\\u0026b\\u003e\\u2028"}' });
  expect(formatJson({ number: "NaN" })).toEqual({ error: 'json: invalid number literal "NaN"' });
});

test.for([
  ["eA==", undefined],
  ["eA=\n=", undefined],
  ["eA", 0],
  ["eA=", 3],
  ["eA=x", 2],
  ["=eA=", 0],
  ["eA==x", 4],
  ["e!==", 1],
] as const)("%j as base64 is wrong at %s", ([text, at]) => {
  const decoded = decodeBase64(text);
  expect("error" in decoded ? decoded.error : undefined).toBe(
    at === undefined ? undefined : `illegal base64 data at input byte ${at}`,
  );
});

test("any bytes come through text unchanged", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect([...textToBytes(bytesToText(bytes))]).toEqual([...bytes]);
    }),
  );
});

test("what does not print is escaped in quotes", () => {
  expect(quote('a"\\\n\u0001\u007fé日\u200b\u{e0001}')).toBe('"a\\"\\\\\\n\\x01\\x7fé日\\u200b\\U000e0001"');
});

test("names are suggested by their distance", () => {
  expect(findNearest("passwrd", ["user", "password"])).toBe("password");
  expect(findNearest("Pass_Word", ["password"])).toBe("password");
  expect(findNearest("x", ["password"])).toBeUndefined();
  expect(sortByEditDistance("value", ["'description'", "'imports'", "'values'"])).toEqual([
    "'values'",
    "'imports'",
    "'description'",
  ]);
});
