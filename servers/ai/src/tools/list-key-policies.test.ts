import { expect, test } from "vitest";
import { createPolicyContext } from "../testing/policy-context.ts";
import { listKeyPolicies } from "./list-key-policies.ts";

const policy = { usdPerDay: 5, allowedModels: ["a"], dataPolicy: "local" as const, requestsPerMinute: 60 };
const budget = { window: "day" as const, limitUsd: 5, spentUsd: 4, share: 0.8, warning: 80 as const };
const services = {
  usage: {
    callers: { list: async () => ["a", "b"].map((id) => ({ id: `tok_${id}`, name: `key ${id}` })) },
    policyRows: {
      list: async () => [{ caller: "tok_a", policy, version: 1 }],
      heirs: async () => new Map([["tok_b", "tok_a"]]),
    },
    budgets: { states: async () => [{ caller: "tok_a", ...budget }] },
  },
};
const context = { ...createPolicyContext().context, services };

test("every key with its limits, those of a rotated key under both of its ids, and how full its budgets are", async () => {
  const { keys, total } = await listKeyPolicies.run(listKeyPolicies.input.parse({}), context);
  expect(total).toBe(3);
  expect(keys).toEqual([
    { caller: "*", name: "all keys together", allowedModels: [], dataPolicy: "any", budgets: [] },
    {
      caller: "tok_a",
      name: "key a",
      allowedModels: ["a"],
      dataPolicy: "local",
      requestsPerMinute: 60,
      budgets: [budget],
    },
    {
      caller: "tok_b",
      name: "key b",
      allowedModels: ["a"],
      dataPolicy: "local",
      requestsPerMinute: 60,
      budgets: [budget],
    },
  ]);
});

test("goes by pages", async () => {
  const first = await listKeyPolicies.run({ limit: 2 }, context);
  const second = await listKeyPolicies.run({ limit: 2, cursor: first.nextCursor }, context);
  expect([...first.keys, ...second.keys].map(({ caller }) => caller)).toEqual(["*", "tok_a", "tok_b"]);
  expect(second).not.toHaveProperty("nextCursor");
});

test("a token that may only read sees its own limits alone", async () => {
  const reader = { ...context, caller: { id: "tok_b", name: "key b", scopes: ["read" as const] } };
  const { keys, total } = await listKeyPolicies.run(listKeyPolicies.input.parse({}), reader);
  expect([total, keys.map(({ caller }) => caller)]).toEqual([1, ["tok_b"]]);
});
