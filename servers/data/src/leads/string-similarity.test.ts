import fc from "fast-check";
import { expect, test } from "vitest";
import { countEdits, jaroWinkler } from "./string-similarity.ts";

// Winkler's own examples, 1990 and 1994.
test.each([
  ["MARTHA", "MARHTA", 0.961],
  ["DWAYNE", "DUANE", 0.84],
  ["DIXON", "DICKSONX", 0.813],
  ["JONES", "JOHNSON", 0.832],
  ["MASSEY", "MASSIE", 0.933],
  ["ABROMS", "ABRAMS", 0.922],
  ["ABC", "XYZ", 0],
  ["", "", 0],
  ["SAME", "SAME", 1],
])("%s and %s are alike to %f", (a, b, likeness) => {
  expect(jaroWinkler(a, b)).toBeCloseTo(likeness, 3);
});

test.each([
  ["", "abc", 3],
  ["abcd", "abdc", 1],
  ["ca", "abc", 3],
  ["kitten", "sitting", 3],
  ["2227", "2272", 1],
])("%s to %s takes %i edits", (a, b, edits) => {
  expect(countEdits(a, b, 9)).toBe(edits);
  expect(countEdits(a, b, edits - 1)).toBe(edits);
});

test("both are the same from either side, and within their bounds", () => {
  const word = fc.string({ maxLength: 9 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(jaroWinkler(a, b)).toBeCloseTo(jaroWinkler(b, a), 10);
      expect(jaroWinkler(a, b)).toBeGreaterThanOrEqual(0);
      expect(jaroWinkler(a, b)).toBeLessThanOrEqual(1);
      expect(countEdits(a, b, 20)).toBe(countEdits(b, a, 20));
      expect(countEdits(a, b, 20)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});
