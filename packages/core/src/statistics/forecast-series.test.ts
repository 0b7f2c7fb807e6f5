import fc from "fast-check";
import { expect, test } from "vitest";
import { forecastDamped } from "./damped-smoothing.ts";
import { forecastSeries } from "./forecast-series.ts";
import { forecastSeasonalNaive } from "./seasonal-naive.ts";
import { createRandom } from "./seeded-random.ts";
import { forecastTheta } from "./theta.ts";

const week = [10, 11, 12, 11, 10, 3, 2];

function noise(random: () => number): number {
  return random() + random() + random() + random() - 2;
}

function spending(days: number, seed: number): number[] {
  const random = createRandom(seed);
  return Array.from(
    { length: days },
    (_value, day) => (week[day % 7] ?? 0) * (1 + day / 200) * (1 + 0.1 * noise(random)),
  );
}

test("the seasonal naive forecast repeats the last season", () => {
  expect(forecastSeasonalNaive([1, 2, 3, 4, 5], 2, 5)).toEqual([4, 5, 4, 5, 4]);
  expect(forecastSeasonalNaive([1, 2, 3], 1, 2)).toEqual([3, 3]);
});

test("a straight line is continued: Theta by half its slope, a damped trend by a shrinking part of it", () => {
  const line = Array.from({ length: 40 }, (_value, index) => 5 + 2 * index);
  const theta = forecastTheta(line, 1, 3);
  // With alpha near 1, the level is the last value and each step adds half the slope.
  expect(theta[0]).toBeCloseTo(84, 0);
  expect((theta[2] ?? 0) - (theta[1] ?? 0)).toBeCloseTo(1, 6);
  const [first = 0, second = 0, third = 0] = forecastDamped(line, 1, 3);
  expect(first).toBeGreaterThan(84);
  expect(second - first).toBeGreaterThan(third - second);
  expect(third - second).toBeGreaterThan(0);
});

test("a noiseless week is continued exactly", () => {
  const values = Array.from({ length: 70 }, (_value, day) => week[day % 7] ?? 0);
  const forecast = forecastSeries(values, { horizon: 9, period: 7 });
  for (const [step, { mean }] of forecast?.steps.entries() ?? []) expect(mean).toBeCloseTo(week[step % 7] ?? 0, 6);
  expect(forecast?.total.mean).toBeCloseTo(59 + 21, 6);
});

test("the intervals hold what comes about as often as they say, each day's and the month's", () => {
  let days = 0;
  let months = 0;
  const runs = 20;
  for (let seed = 1; seed <= runs; seed += 1) {
    const values = spending(80, seed);
    const forecast = forecastSeries(values.slice(0, 66), { horizon: 14, period: 7, confidence: 0.9 });
    const came = values.slice(66);
    const total = came.reduce((sum, value) => sum + value, 0);
    const steps = forecast?.steps ?? [];
    days += came.filter(
      (value, step) => (steps[step]?.lower ?? 0) <= value && value <= (steps[step]?.upper ?? 0),
    ).length;
    months += Number(forecast !== undefined && forecast.total.lower <= total && total <= forecast.total.upper);
  }
  expect(days / (14 * runs)).toBeGreaterThan(0.82);
  expect(months / runs).toBeGreaterThan(0.8);
});

test("the sum's interval is narrower than the sum of intervals, and no method is off by a tenth", () => {
  const values = spending(100, 3);
  const forecast = forecastSeries(values.slice(0, 80), { horizon: 20, period: 7 });
  const summed = forecast?.steps.reduce((sum, { lower, upper }) => sum + upper - lower, 0) ?? 0;
  const { lower = 0, upper = 0, mean = 0 } = forecast?.total ?? {};
  expect(upper - lower).toBeLessThan(summed);
  expect(mean / values.slice(80).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 1);
});

test("any series of four or more gets finite numbers in order, any shorter none", () => {
  const series = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 40 });
  fc.assert(
    fc.property(series, fc.integer({ min: 1, max: 31 }), (values, horizon) => {
      const forecast = forecastSeries(values, { horizon, period: 7 });
      if (values.length < 4) return forecast === undefined;
      const steps = [...(forecast?.steps ?? []), forecast?.total ?? { lower: 1, mean: 0, upper: 0 }];
      return steps.length === horizon + 1 && steps.every(({ lower, mean, upper }) => lower <= mean && mean <= upper);
    }),
    { numRuns: 40 },
  );
});

test("eleven days are enough to see that a week repeats", () => {
  const week = [100, 104, 98, 102, 99, 30, 28];
  const days = Array.from({ length: 11 }, (_value, day) => (week[day % 7] ?? 0) + (day % 3));
  const forecast = forecastSeries(days, { horizon: 7, period: 7 });
  expect(forecast?.method).toBe("seasonal_naive");
  for (const [step, { mean }] of (forecast?.steps ?? []).entries()) {
    expect(Math.abs(mean - (week[(11 + step) % 7] ?? 0))).toBeLessThan(3);
  }
});
