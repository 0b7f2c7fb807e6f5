import { expect, test } from "vitest";
import { createPolicyContext } from "../testing/policy-context.ts";
import { setKeyPolicy } from "./set-key-policy.ts";

test("limits models, data and rates, and leaves the budget alone", async () => {
  const { state, context } = createPolicyContext({ usdPerDay: 5, allowedModels: [], dataPolicy: "any" });
  const input = setKeyPolicy.input.parse({
    caller: "billing-bot",
    allowedModels: ["a", "b*"],
    dataPolicy: "no_training",
    requestsPerMinute: 60,
  });
  const plan = await setKeyPolicy.plan(input, context);
  expect(plan).toMatchObject({ risk: "low" });
  expect(await setKeyPolicy.apply(input, plan, context)).toMatchObject({
    limits: "5 USD a day, models a b*, no_training, 60 requests/min",
  });
  expect(state.refreshed).toBe(1);
  const looser = setKeyPolicy.input.parse({ caller: "billing-bot", dataPolicy: "any", requestsPerMinute: 30 });
  expect(await setKeyPolicy.plan(looser, context)).toMatchObject({ risk: "medium", stateVersion: "2" });
});

test("takes no policy that means nothing", () => {
  for (const wrong of [{ dataPolicy: "some" }, { requestsPerMinute: 0 }, { maxCostPerCallUsd: -1 }]) {
    expect(setKeyPolicy.input.safeParse({ caller: "billing-bot", ...wrong }).success).toBe(false);
  }
});
