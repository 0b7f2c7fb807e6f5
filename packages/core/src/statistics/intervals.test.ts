import { expect, test } from "vitest";
import { bootstrapInterval } from "./bootstrap-interval.ts";
import { normalQuantile } from "./normal-quantile.ts";
import { quantileOf } from "./quantile-of.ts";
import { createRandom } from "./seeded-random.ts";
import { wilsonInterval } from "./wilson.ts";

// SciPy's norm.ppf.
test.each([
  [1e-300, -37.0470962993612],
  [1e-10, -6.361340902404056],
  [0.001, -3.090232306167813],
  [0.3, -0.5244005127080409],
  [0.5, 0],
  [0.9, 1.2815515655446004],
  [0.975, 1.959963984540054],
])("the normal quantile of %d", (probability, expected) => {
  expect(normalQuantile(probability)).toBeCloseTo(expected, 12);
});

test("beyond certainty lies infinity, and outside of it nothing", () => {
  expect([normalQuantile(0), normalQuantile(1), normalQuantile(2)]).toEqual([-Infinity, Infinity, Number.NaN]);
});

// Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])("Wilson's interval of %d in %d", (successes, trials, lower, upper) => {
  const interval = wilsonInterval(successes, trials);
  expect(interval.lower).toBeCloseTo(lower, 4);
  expect(interval.upper).toBeCloseTo(upper, 4);
});

test("Wilson's interval knows nothing of nothing and refuses senseless counts", () => {
  expect(wilsonInterval(0, 0)).toEqual({ lower: 0, upper: 1 });
  expect(wilsonInterval(7, 7).upper).toBe(1);
  expect(() => wilsonInterval(-1, 7)).toThrow("successes");
});

test("quantiles lie between neighbours in proportion", () => {
  expect([0, 0.25, 0.5, 0.9, 1].map((share) => quantileOf([4, 1, 3, 2], share))).toEqual([1, 1.75, 2.5, 3.7, 4]);
  expect(quantileOf([], 0.5)).toBeNaN();
});

test("the bootstrap covers the truth about as often as it says", () => {
  const random = createRandom(7);
  const mean = (sample: readonly number[]) => sample.reduce((sum, value) => sum + value, 0) / sample.length;
  let covered = 0;
  for (let round = 0; round < 200; round += 1) {
    // Exponential with mean 1: skewed, as costs are.
    const sample = Array.from({ length: 60 }, () => -Math.log(1 - random()));
    const interval = bootstrapInterval(sample, mean, { confidence: 0.9, resamples: 200, seed: round });
    if (interval && interval.lower <= 1 && 1 <= interval.upper) covered += 1;
  }
  expect(covered / 200).toBeGreaterThan(0.82);
  expect(covered / 200).toBeLessThan(0.95);
});

test("the bootstrap is the same twice, and says nothing where it cannot", () => {
  const ratio = (sample: readonly number[]) => 1 / sample.filter((value) => value > 0).length;
  expect(bootstrapInterval([1, 2, 3], ratio)).toEqual(bootstrapInterval([1, 2, 3], ratio));
  expect(bootstrapInterval([1], ratio)).toBeUndefined();
  expect(bootstrapInterval([0, 0, 0], ratio)).toBeUndefined();
});
