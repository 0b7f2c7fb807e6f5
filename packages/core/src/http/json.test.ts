import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "./json.ts";

test.each([
  ["HTML", "<!doctype html><html></html>"],
  ["nothing", ""],
  ["NaN", '{"price": NaN}'],
  ["Infinity", "[Infinity]"],
  ["a key twice", '{"a":1,"b":2,"a":3}'],
  ["a key twice, once escaped", String.raw`{"a":1,"\u0061":3}`],
  ["a key twice, deep inside", '{"rows":[{"id":1},{"id":1,"id":2}]}'],
  ["__proto__", '{"__proto__":{"admin":true}}'],
  ["__proto__, escaped", String.raw`{"\u005f_proto__":{"admin":true}}`],
  ["nesting 100,000 deep", "[".repeat(100_000) + "]".repeat(100_000)],
  ["objects 200 deep", '{"a":'.repeat(200) + "1" + "}".repeat(200)],
  ["an open string", '{"a":"b'],
  ["a cut object", '{"a":1'],
  ["two values", "1 2"],
  ["a trailing comma", "[1,]"],
  ["a bad escape in a key", String.raw`{"\x":1}`],
])("fault 33: refuses %s", (_name, text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError);
});

test("the refusal does not repeat the text", () => {
  expect(() => parseJson('{"secret": hunter2}')).toThrow(/^not JSON$/);
});

test("the same key in different objects is fine, and so are quotes, colons and braces inside strings", () => {
  const text = String.raw`{"a":{"a":[{"a":1},{"a":"x\"a\":{}[]"}]},"b":"\\","c":"__proto__"}`;
  expect(parseJson(text)).toEqual(JSON.parse(text));
});

test("integers beyond 2^53 arrive digit for digit", () => {
  const text = '{"id":12345678901234567890,"small":42,"ratio":0.1,"huge":1e400,"minus":-9007199254740993}';
  expect(parseJson(text, { keepBigIntegers: true })).toEqual({
    id: "12345678901234567890",
    small: 42,
    ratio: 0.1,
    huge: Infinity,
    minus: "-9007199254740993",
  });
});

test("property: what JSON.stringify writes is read back the same", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      if (text.includes("__proto__")) return;
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

test("property: any text either parses as JSON.parse does or throws a SyntaxError", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('"', "\\", "{", "}", "[", "]", ":", ",", "a", "1", " ") }),
      (text) => {
        try {
          expect(parseJson(text)).toEqual(JSON.parse(text));
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a megabyte of backslashes and quotes is checked in linear time", () => {
  const text = JSON.stringify({ a: '\\"'.repeat(250_000) });
  const start = performance.now();
  parseJson(text);
  expect(performance.now() - start).toBeLessThan(1_000);
});
