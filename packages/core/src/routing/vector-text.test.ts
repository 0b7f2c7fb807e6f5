import fc from "fast-check";
import { expect, test } from "vitest";
import { formatVector, parseVector } from "./vector-text.ts";

function toUnit(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => (length === 0 ? 0 : value / length));
}

test("a vector comes back as it was, to a hundredth, and of unit length", () => {
  const vectors = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 300 }).map(toUnit);
  fc.assert(
    fc.property(vectors, (vector) => {
      const back = parseVector(formatVector(vector));
      expect(back).toHaveLength(vector.length);
      let [product, length] = [0, 0];
      for (const [index, value] of back.entries()) {
        product += value * (vector[index] ?? 0);
        length += value * value;
      }
      const isZero = vector.every((value) => value === 0);
      expect(product).toBeGreaterThan(isZero ? -1 : 0.99);
      expect(length).toBeCloseTo(isZero ? 0 : 1, 4);
    }),
  );
});
