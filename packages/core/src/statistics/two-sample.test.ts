import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chiSquareHomogeneity } from "./chi-square.ts";
import { adjustForDiscovery } from "./false-discovery.ts";
import { kolmogorovSmirnov, kolmogorovTail } from "./kolmogorov-smirnov.ts";
import { mannWhitney } from "./mann-whitney.ts";
import { fisherExact, shareDifference } from "./share-difference.ts";

// Two rounded normal samples; the digits of all tests below are SciPy's (1.17).
const first = [
  0.001, 0.299, -0.274, -0.891, -0.455, -0.992, 0.06, 1.34, -0.492, -0.62, 0.49, 0.357, 0.105, -0.93, -0.029, 0.695,
  -1.344, -0.458, -1.901, -1.29, -1.842, -0.235, -1.267, 0.271, 0.157,
];
const second = [
  0.476, -2.32, 0.054, 0.642, 0.836, -1.136, 0.127, -0.474, -0.271, 1.973, -0.269, 0.661, 1.761, 0, 0.566, 0.833, 0.777,
  -0.77,
];

describe("Kolmogorov–Smirnov", () => {
  test("exact values", () => {
    const { statistic, pValue } = kolmogorovSmirnov(first, second);
    expect(statistic).toBeCloseTo(0.38, 12);
    expect(pValue).toBeCloseTo(0.0701492275439113, 12);
    // Two of the C(10, 5) orders keep two samples of five wholly apart.
    expect(kolmogorovSmirnov([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]).pValue).toBeCloseTo(2 / 252, 14);
  });

  test.each([
    [0.3, 0.9999906941986655],
    [0.5, 0.9639452436648751],
    [1, 0.26999967167735456],
    [1.18, 0.1234538094297657],
    [1.36, 0.049485876755377876],
    [3, 3.045995948942526e-8],
  ])("the limit at %d", (x, expected) => {
    expect(kolmogorovTail(x) / expected).toBeCloseTo(1, 9);
  });

  test("large samples: the limit agrees with the exact count to three digits", () => {
    const at = (count: number, shift: number) => Array.from({ length: count }, (_, index) => index / count + shift);
    const exact = kolmogorovSmirnov(at(1_000, 0), at(990, 0.05)).pValue;
    const limit = kolmogorovSmirnov(at(1_010, 0), at(1_000, 0.05)).pValue;
    expect(exact).toBeGreaterThan(0.1);
    expect(limit / exact).toBeCloseTo(1, 1);
  });

  test("equal samples differ in nothing, empty ones say nothing, order does not matter", () => {
    expect(kolmogorovSmirnov(first, first)).toEqual({ statistic: 0, pValue: 1 });
    expect(kolmogorovSmirnov([], second)).toEqual({ statistic: 0, pValue: 1 });
    const numbers = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const [forth, back] = [kolmogorovSmirnov(a, b), kolmogorovSmirnov(b, a)];
        return Math.abs(forth.pValue - back.pValue) < 1e-9 && forth.pValue >= 0 && forth.pValue <= 1;
      }),
    );
  });
});

describe("shares", () => {
  test.each([
    [8, 10, 1, 6, 0.034965034965034975],
    [3, 1_000, 15, 1_000, 0.007283223744560448],
    [0, 10, 10, 10, 1.082508822446903e-5],
    [12, 10_000, 40, 10_000, 0.00012508191475245375],
    [100, 1_000, 100, 1_000, 1],
    [0, 50, 0, 60, 1],
  ])("Fisher: %d of %d against %d of %d", (count, total, otherCount, otherTotal, expected) => {
    const pValue = fisherExact({ count, total }, { count: otherCount, total: otherTotal });
    expect(pValue / expected).toBeCloseTo(1, 7);
  });

  // Table II of Newcombe (1998), method 10.
  test.each([
    [48, 80, 56, 70, 0.0524, 0.3339],
    [3, 10, 9, 10, 0.1705, 0.809],
    [0, 20, 0, 10, -0.1611, 0.2775],
  ])("difference of %d/%d and %d/%d", (count, total, otherCount, otherTotal, lower, upper) => {
    const interval = shareDifference({ count, total }, { count: otherCount, total: otherTotal });
    expect(interval.lower).toBeCloseTo(lower, 4);
    expect(interval.upper).toBeCloseTo(upper, 4);
  });

  test("nothing seen on one side bounds nothing", () => {
    expect(shareDifference({ count: 0, total: 0 }, { count: 1, total: 2 })).toMatchObject({ lower: -1, upper: 1 });
    expect(fisherExact({ count: 0, total: 0 }, { count: 1, total: 2 })).toBe(1);
  });
});

test.each([
  [[10, 20, 30], [30, 20, 10], 20, 4.539992976248486e-5],
  [[500, 3, 7, 0], [480, 10, 2, 0], 6.633959349843751, 0.03626219012421847],
])("chi-square of %j and %j", (one, other, statistic, pValue) => {
  const result = chiSquareHomogeneity({ first: one, second: other });
  expect(result.statistic).toBeCloseTo(statistic, 10);
  expect(result.pValue / pValue).toBeCloseTo(1, 8);
});

test("chi-square of one category, or of nothing, is no evidence", () => {
  expect(chiSquareHomogeneity({ first: [5], second: [9] }).pValue).toBe(1);
  expect(chiSquareHomogeneity({ first: [0, 0], second: [3, 4] }).pValue).toBe(1);
});

test("Mann–Whitney, without and with ties", () => {
  const plain = mannWhitney(first, second);
  expect(plain.superiority).toBeCloseTo(0.6911111111111111, 12);
  expect(plain.pValue).toBeCloseTo(0.035303105021190044, 10);
  const tied = mannWhitney([3, 1, 4, 1, 5, 5, 5, 2, 3, 3], [5, 5, 4, 4, 5, 3, 5]);
  expect(tied.superiority).toBeCloseTo(0.7357142857142858, 12);
  expect(tied.pValue).toBeCloseTo(0.10222707562957187, 10);
  expect(mannWhitney([4, 4, 4], [4, 4]).pValue).toBe(1);
  expect(mannWhitney([], [1])).toEqual({ superiority: 0.5, pValue: 1 });
});

test("Benjamini–Hochberg", () => {
  const adjusted = adjustForDiscovery([0.01, 0.02, 0.03, 0.5, 0.001]);
  const expected = [0.025, 1 / 30, 0.0375, 0.5, 0.005];
  for (const [index, value] of expected.entries()) expect(adjusted[index]).toBeCloseTo(value, 12);
  expect(adjustForDiscovery([])).toEqual([]);
});
