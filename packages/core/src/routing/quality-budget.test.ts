import { expect, test } from "vitest";
import { createQualityBudget } from "./quality-budget.ts";
import { createSeededRandom } from "./seeded-random.ts";

/** Requests whose cheaper model is worse by a uniform part of `spread`; it is taken while that is tolerated. */
function play(spread: number, qualityShare: number) {
  const budget = createQualityBudget({ qualityShare });
  const random = createSeededRandom(3);
  let [lost, taken] = [0, 0];
  for (let request = 0; request < 20_000; request += 1) {
    const gap = random() * spread;
    const loss = gap <= budget.tolerance ? gap : 0;
    budget.spend(1, loss);
    lost += loss;
    if (gap <= budget.tolerance) taken += 1;
  }
  return { lost: lost / 20_000, taken: taken / 20_000, tolerance: budget.tolerance };
}

test.each([0.98, 0.95, 0.9])("the average keeps its share of %d and uses what it may lose", (share) => {
  const { lost } = play(0.4, share);
  expect(lost / (1 - share)).toBeGreaterThan(0.9);
  expect(lost / (1 - share)).toBeLessThan(1.1);
});

test("where the cheaper model is nearly as good it takes all, where nothing may be lost nothing", () => {
  expect(play(0.01, 0.98).taken).toBe(1);
  expect(play(0.5, 1).lost).toBe(0);
});

test("a much worse answer is never given knowingly, whatever is left of the allowance", () => {
  const budget = createQualityBudget({ qualityShare: 0.5 });
  for (let request = 0; request < 10_000; request += 1) budget.spend(1, 0);
  expect(budget.tolerance).toBe(0.3);
});
