import fc from "fast-check";
import { expect, it } from "vitest";
import { hashCanonical } from "./canonical-hash.ts";

it("does not depend on the order of keys, at any depth", () => {
  expect(hashCanonical({ a: 1, b: { c: [1, 2], d: null } })).toBe(hashCanonical({ b: { d: null, c: [1, 2] }, a: 1 }));
  expect(hashCanonical([1, 2])).not.toBe(hashCanonical([2, 1]));
  const object = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(object, (value) => {
      const reversed = Object.fromEntries(Object.entries(value).toReversed());
      return hashCanonical(value) === hashCanonical(reversed);
    }),
  );
});

it("differs when a value differs, also in type, and under hostile names", () => {
  expect(hashCanonical({ a: 1 })).not.toBe(hashCanonical({ a: "1" }));
  expect(hashCanonical(JSON.parse('{"__proto__":{"a":1}}'))).not.toBe(hashCanonical({}));
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
      fc.pre(
        JSON.stringify(left) !== JSON.stringify(right) &&
          JSON.stringify(left)[0] !== "{" &&
          JSON.stringify(left)[0] !== "[",
      );
      return hashCanonical(left) !== hashCanonical(right);
    }),
  );
});
