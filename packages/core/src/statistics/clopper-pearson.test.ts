import fc from "fast-check";
import { expect, test } from "vitest";
import { clopperPearson, clopperPearsonLower, clopperPearsonUpper } from "./clopper-pearson.ts";
import { incompleteBeta } from "./incomplete-beta.ts";
import { logGamma } from "./log-gamma.ts";

// 81 of 263 and 15 of 148 are the examples of Newcombe, Statistics in Medicine 17 (1998), table I; the digits are SciPy's.
test.each([
  [1, 10, 0.95, 0.0025285785444617865, 0.4450161170281954],
  [81, 263, 0.95, 0.25273674558527126, 0.36762192260135135],
  [15, 148, 0.95, 0.057844010083448576, 0.161650490349479],
  [0, 100, 0.95, 0, 0.03621669264517641],
  [5, 5, 0.9, 0.5492802716530588, 1],
  [1, 1_000_000, 0.95, 2.53178076637942e-8, 5.571630655166939e-6],
  [2.5, 40.25, 0.95, 0.010468140390297883, 0.18573375448265647],
  [300_000, 1_000_000, 0.99, 0.29882006064283356, 0.3011818431155838],
])("%d of %d at %d", (successes, trials, confidence, lower, upper) => {
  const interval = clopperPearson(successes, trials, confidence);
  expect(interval.lower).toBeCloseTo(lower, 10);
  expect(interval.lower / (lower || 1)).toBeCloseTo(lower === 0 ? 0 : 1, 8);
  expect(interval.upper / upper).toBeCloseTo(1, 8);
});

test("nothing seen says nothing; counts that make no sense are refused", () => {
  expect(clopperPearson(0, 0)).toEqual({ lower: 0, upper: 1 });
  expect(() => clopperPearson(3, 2)).toThrow("successes ≤ trials");
  expect(() => clopperPearsonUpper(0, 5, 1)).toThrow("confidence");
});

test("the one-sided bound is the share at which so few would be this rare", () => {
  const upper = clopperPearsonUpper(3, 60, 0.9);
  // P(X ≤ 3) at that share is exactly what confidence leaves.
  expect(incompleteBeta(1 - upper, 57, 4)).toBeCloseTo(0.1, 12);
});

test("bounds hold the share, move with the evidence, and mirror each other", () => {
  const counts = fc
    .record({
      trials: fc.double({ min: 0.01, max: 1e7, noNaN: true }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ trials, share }) => ({ trials, successes: share * trials }));
  fc.assert(
    fc.property(counts, fc.double({ min: 0.5, max: 0.999, noNaN: true }), ({ trials, successes }, confidence) => {
      const lower = clopperPearsonLower(successes, trials, confidence);
      const upper = clopperPearsonUpper(successes, trials, confidence);
      const share = successes / trials;
      const holds = lower >= 0 && upper <= 1 && lower <= share + 1e-9 && share <= upper + 1e-9;
      const mirrored = 1 - clopperPearsonLower(trials - successes, trials, confidence);
      const stricter = clopperPearsonUpper(successes, trials, (1 + confidence) / 2);
      return holds && Math.abs(mirrored - upper) < 1e-6 && stricter >= upper - 1e-9;
    }),
    { numRuns: 300 },
  );
});

test.each([
  [0.1, 2.252712651734206],
  [0.5, 0.5723649429247],
  [1, 0],
  [1.5, -0.12078223763524526],
  [100.25, 360.28455963776423],
  [1e6, 12_815_504.569147611],
])("log gamma of %d", (x, expected) => {
  expect(Math.abs(logGamma(x) - expected)).toBeLessThan(1e-13 * Math.max(1, Math.abs(expected)) * 10);
});

test.each([
  [0.1, 2, 3, 0.0523],
  [0.99, 300, 2, 0.19616357628514303],
  [0.3, 1_000, 2_000, 4.0738279160507626e-5],
  [1e-6, 1, 1e6, 0.632120742768355],
  [0.5, 1e6, 1e6, 0.5],
])("I_%d(%d, %d)", (x, a, b, expected) => {
  expect(incompleteBeta(x, a, b) / expected).toBeCloseTo(1, 8);
});
