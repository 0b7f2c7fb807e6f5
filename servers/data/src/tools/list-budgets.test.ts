import { expect, test } from "vitest";
import { toolContext } from "../testing/tool-context.ts";
import { listBudgets } from "./list-budgets.ts";

test("tells how full each budget is", async () => {
  const dataBudgets = {
    list: async () => [
      { scope: "service" as const, name: "apify", usdPerMonth: 20, spentUsd: 5 },
      { scope: "caller" as const, name: "*", usdPerMonth: 0, spentUsd: 0 },
    ],
  };
  const output = await listBudgets.run({}, toolContext({ dataBudgets }));
  expect(listBudgets.output.parse(output).budgets.map(({ share }) => share)).toEqual([0.25, 0]);
});
