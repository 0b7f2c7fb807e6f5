import { expect, test } from "vitest";
import { createPolicyContext } from "../testing/policy-context.ts";
import { setBudget } from "./set-budget.ts";

const limited = { usdPerDay: 5, allowedModels: ["a"], dataPolicy: "any" as const };

test("a first or lower limit is low risk, and is told before it holds", async () => {
  const { state, context } = createPolicyContext(limited);
  const input = setBudget.input.parse({ caller: "billing-bot", usdPerDay: 2, usdPerMonth: 40 });
  const plan = await setBudget.plan(input, context);
  expect(plan).toMatchObject({
    summary: "Tighten the limits of billing-bot.",
    changes: [{ before: "5 USD a day, models a", after: "2 USD a day, 40 USD a month, models a" }],
    risk: "low",
    stateVersion: "1",
  });
  expect(state.policy).toBe(limited);
  expect(await setBudget.apply(input, plan, context)).toMatchObject({
    caller: "tok_a",
    limits: "2 USD a day, 40 USD a month, models a",
  });
  expect(state).toMatchObject({ policy: { usdPerDay: 2, usdPerMonth: 40, allowedModels: ["a"] }, refreshed: 1 });
});

test.each([{ usdPerDay: 6 }, { usdPerDay: null }, { usdPerDay: null, usdPerMonth: 1 }])(
  "%j lets more be spent: a person decides",
  async (change) => {
    const { context } = createPolicyContext(limited);
    const plan = await setBudget.plan(setBudget.input.parse({ caller: "billing-bot", ...change }), context);
    expect(plan).toMatchObject({ risk: "medium", summary: "Loosen the limits of billing-bot." });
  },
);

test("without a key it is for all together, and no change is no plan", async () => {
  const { context } = createPolicyContext();
  expect(await setBudget.plan({ usdPerMonth: 100 }, context)).toMatchObject({
    changes: [{ action: "create", resource: "policy of all callers together", before: "no limits" }],
  });
  await expect(setBudget.plan({ caller: "billing-bot", usdPerDay: null }, context)).rejects.toThrow("Nothing");
  await expect(setBudget.plan({ caller: "unknown", usdPerDay: 1 }, context)).rejects.toThrow("not found");
});
