import fc from "fast-check";
import { expect, test } from "vitest";
import { QuantileSketch, sketchError } from "./quantile-sketch.ts";

const values = fc.array(fc.double({ min: 0.001, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 200 });

test("any quantile is right to its error, after merging and reading back too", () => {
  fc.assert(
    fc.property(values, values, fc.double({ min: 0, max: 1, noNaN: true }), (first, second, share) => {
      const one = new QuantileSketch();
      const two = new QuantileSketch();
      for (const value of first) one.add(value);
      for (const value of second) two.add(value);
      const merged = QuantileSketch.parse(String(one));
      merged.mergeText(String(two));
      const sorted = [...first, ...second].toSorted((left, right) => left - right);
      const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
      const estimate = merged.quantile(share) ?? 0;
      return Math.abs(estimate - exact) <= sketchError * exact * 1.000_001;
    }),
    { numRuns: 300 },
  );
});

test("the 95th percentile of a few values is the largest, not one that most exceed", () => {
  const sketch = new QuantileSketch();
  for (const ms of [16, 18, 513]) sketch.add(ms);
  expect(sketch.quantile(0.95)).toBeCloseTo(513, -1.5);
  expect(sketch.quantile(0.5)).toBeCloseTo(18, 0);
});

test("is empty at first, and takes zero", () => {
  const sketch = QuantileSketch.parse("");
  expect(sketch.quantile(0.5)).toBeUndefined();
  sketch.add(0);
  expect(sketch.quantile(0.5)).toBeLessThan(0.001);
});
