import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { DataBudgets } from "../collections/data-budgets.ts";

interface Services {
  dataBudgets: Pick<DataBudgets, "list">;
}

export const listBudgets = defineTool({
  name: "list_budgets",
  title: "List the budgets of data services",
  description: `Shows what the collecting services and their callers may cost in any 30 days, and what they have cost.
- Use when a collection was refused with budget_exceeded, or before a large one. set_service_budget changes them.
Example: {}`,
  effect: "read",
  items: "budgets",
  input: z.strictObject({}),
  output: z.object({
    budgets: z.array(
      z.object({
        scope: z.enum(["service", "caller"]),
        name: z.string().describe("* stands for all together."),
        usdPerMonth: z.number().describe("In any 30 days."),
        spentUsd: z.number().describe("In the last 30 days."),
        share: z.number().describe("Spent of allowed; 1 is full."),
      }),
    ),
    source: Source,
  }),
  async run(_input, { services }: ToolContext<Services>) {
    const budgets = await services.dataBudgets.list();
    return {
      budgets: budgets.map((budget) => ({ ...budget, share: shareOf(budget) })),
      source: { service: "sophia", mode: "local" as const, costUsd: 0 },
    };
  },
});

function shareOf({ spentUsd, usdPerMonth }: { spentUsd: number; usdPerMonth: number }): number {
  if (usdPerMonth === 0) return spentUsd > 0 ? 1 : 0;
  return Number((spentUsd / usdPerMonth).toFixed(4));
}
