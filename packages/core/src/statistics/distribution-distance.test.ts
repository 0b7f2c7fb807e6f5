import fc from "fast-check";
import { expect, test } from "vitest";
import { jensenShannonDistance, populationStabilityIndex, wassersteinDistance } from "./distribution-distance.ts";

test("Wasserstein: moving everything by five costs five", () => {
  expect(wassersteinDistance([0, 1, 3], [5, 6, 8])).toBeCloseTo(5, 12);
  expect(wassersteinDistance([1, 1], [1, 3])).toBeCloseTo(1, 12);
  expect(wassersteinDistance([], [1])).toBe(0);
});

test("Wasserstein is a metric: symmetric, zero for equal, shifted by what one adds", () => {
  const numbers = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(numbers, numbers, fc.integer({ min: 1, max: 50 }), (a, b, shift) => {
      const moved = a.map((value) => value + shift);
      return (
        Math.abs(wassersteinDistance(a, b) - wassersteinDistance(b, a)) < 1e-9 &&
        wassersteinDistance(a, a) < 1e-12 &&
        Math.abs(wassersteinDistance(a, moved) - shift) < 1e-9
      );
    }),
  );
});

// SciPy's jensenshannon(p, q, base=2).
test.each([
  [[1, 0], [0, 1], 1],
  [[10, 20, 30], [30, 20, 10], 0.35470351519813204],
  [[1, 0], [1, 1], 0.5579230452841438],
  [[4, 4], [2, 2], 0],
])("Jensen–Shannon of %j and %j", (first, second, expected) => {
  expect(jensenShannonDistance({ first, second })).toBeCloseTo(expected, 12);
});

test("PSI: two halves that swap their weight, by hand", () => {
  // Shares 0.5 and 0.5 against 0.2 and 0.8: (0.2-0.5) ln 0.4 + (0.8-0.5) ln 1.6.
  const reference = [...Array<number>(50).fill(1), ...Array<number>(50).fill(2)];
  const sample = [...Array<number>(20).fill(1), ...Array<number>(80).fill(2)];
  expect(populationStabilityIndex(reference, sample, 2)).toBeCloseTo(-0.3 * Math.log(0.4) + 0.3 * Math.log(1.6), 12);
});

test("PSI of the same values is zero, and an unseen range is large but finite", () => {
  const reference = Array.from({ length: 200 }, (_, index) => index);
  expect(populationStabilityIndex(reference, reference)).toBeCloseTo(0, 12);
  const far = populationStabilityIndex(reference, [1_000, 1_001, 1_002]);
  expect(far).toBeGreaterThan(1);
  expect(far).toBeLessThan(100);
  expect(populationStabilityIndex([], [1])).toBe(0);
});
