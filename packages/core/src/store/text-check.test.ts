import fc from "fast-check";
import { expect, test } from "vitest";
import { assertStorable } from "./text-check.ts";

const anyText = fc.string({ unit: "binary", maxLength: 50 });

test("every well-formed text without NUL may be stored, and JSON of anything", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(() => assertStorable([1, null, undefined, new Uint8Array(2), text.replaceAll("\0", "")])).not.toThrow();
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
      assertStorable([JSON.stringify(String.fromCharCode(...units))]);
    }),
  );
});

test("a NUL or half a surrogate pair anywhere is refused", () => {
  fc.assert(
    fc.property(anyText, anyText, fc.constantFrom("\0", "\uD800x", "x\uDC00"), (before, after, bad) => {
      expect(() => assertStorable(["fine", before.replaceAll("\0", "") + bad + after])).toThrow(
        expect.objectContaining({ kind: "invalid_input" }) as Error,
      );
    }),
  );
});
