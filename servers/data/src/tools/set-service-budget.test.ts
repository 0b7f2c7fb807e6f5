import { expect, test } from "vitest";
import type { DataBudgets } from "../collections/data-budgets.ts";
import { toolContext } from "../testing/tool-context.ts";
import { setServiceBudget } from "./set-service-budget.ts";

const told: Parameters<DataBudgets["set"]>[0][] = [];
const dataBudgets = {
  list: async () => [{ scope: "service" as const, name: "apify", usdPerMonth: 20, spentUsd: 5 }],
  set: async (budget: (typeof told)[number]) => void told.push(budget),
};
const context = toolContext({ dataBudgets });
const budget = (usdPerMonth: number | null) =>
  setServiceBudget.input.parse({ scope: "service", name: "apify", usdPerMonth });

test("a lower budget is of low risk, a higher one or none is not", async () => {
  const risks = await Promise.all(
    [10, 20, 30, null].map(async (usd) => (await setServiceBudget.plan(budget(usd), context)).risk),
  );
  expect(risks).toEqual(["low", "low", "medium", "medium"]);
  const plan = await setServiceBudget.plan(budget(10), context);
  expect(plan.changes[0]).toMatchObject({ action: "update", before: "20 USD", after: "10 USD" });
  await setServiceBudget.apply(budget(10), plan, context);
  expect(told).toEqual([{ scope: "service", name: "apify", usdPerMonth: 10 }]);
});
