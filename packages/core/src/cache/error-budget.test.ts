import { describe, expect, test } from "vitest";
import { createErrorBudget, type ErrorBudget } from "./error-budget.ts";

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Traffic whose matches are wrong more often the lower they score. */
function replay(
  budget: ErrorBudget,
  random: () => number,
  requests: number,
  chanceOf = (score: number) => (1 - score) ** 2,
) {
  let hits = 0;
  let wrong = 0;
  for (let request = 0; request < requests; request += 1) {
    const score = random();
    const correct = random() >= chanceOf(score);
    budget.observe(score);
    const { serve, check } = budget.decide(score);
    if (serve) {
      hits += 1;
      wrong += correct ? 0 : 1;
    }
    if (!serve || check) budget.record(score, correct, serve);
  }
  return { hitRate: hits / requests, errorRate: wrong / requests };
}

describe("the error budget", () => {
  test("nothing is served before enough was seen", () => {
    const budget = createErrorBudget({ budget: () => 0.05 });
    for (let index = 0; index < 59; index += 1) budget.record(0.9, true, false);
    budget.observe(0.99);
    expect(budget.decide(0.99)).toEqual({ serve: false, check: false });
    expect(budget.calibrated).toBe(false);
  });

  test.each([
    [0.01, 1],
    [0.01, 2],
    [0.02, 3],
    [0.05, 4],
  ])("%d is kept with seed %d, and used", (allowed, seed) => {
    const random = createRandom(seed);
    const budget = createErrorBudget({ budget: () => allowed, random });
    const { hitRate, errorRate } = replay(budget, random, 4_000);
    expect(errorRate).toBeLessThanOrEqual(allowed);
    // The best threshold for this traffic serves (3 · budget)^(1/3).
    expect(hitRate).toBeGreaterThan(0.6 * Math.cbrt(3 * allowed));
    expect(budget.errorRate().estimate).toBeLessThanOrEqual(allowed);
    expect(budget.errorRate().bound).toBeGreaterThan(budget.errorRate().estimate);
  });

  test("a smaller budget is a higher threshold, at once", () => {
    let allowed = 0.05;
    const random = createRandom(5);
    const budget = createErrorBudget({ budget: () => allowed, random });
    replay(budget, random, 2_000);
    const before = budget.threshold() ?? 1;
    const doubtful = before + 0.01;
    expect(budget.decide(doubtful).serve).toBe(true);
    expect(budget.decide(doubtful, undefined, 0.005).serve).toBe(false);
    expect(budget.decide(before - 0.05, undefined, 0.5).serve).toBe(false);
    allowed = 0.005;
    expect(budget.threshold()).toBeGreaterThan(before);
  });

  test("when matches turn bad, it serves less", () => {
    const random = createRandom(6);
    const budget = createErrorBudget({ budget: () => 0.02, random });
    const before = replay(budget, random, 3_000);
    replay(budget, random, 3_000, (score) => 0.3 + 0.7 * (1 - score));
    const after = replay(budget, random, 1_000, (score) => 0.3 + 0.7 * (1 - score));
    expect(after.hitRate).toBeLessThan(before.hitRate / 2);
  });

  test("an entry's own record outweighs the curve once it is long enough", () => {
    const random = createRandom(7);
    const budget = createErrorBudget({ budget: () => 0.02, random });
    replay(budget, random, 3_000);
    const lowest = budget.threshold() ?? 0;
    expect(budget.decide(lowest + 0.05, { checks: 12, wrong: 6 }).serve).toBe(false);
    expect(budget.decide(lowest + 0.05, { checks: 9, wrong: 6 }).serve).toBe(true);
    expect(budget.decide(lowest - 0.02, { checks: 40, wrong: 0 }).serve).toBe(true);
  });
});
