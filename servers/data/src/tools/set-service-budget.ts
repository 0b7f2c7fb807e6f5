import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { DataBudgets } from "../collections/data-budgets.ts";

interface Services {
  dataBudgets: Pick<DataBudgets, "list" | "set">;
}

export const setServiceBudget = defineTool({
  name: "set_service_budget",
  title: "Set the budget of a data service",
  description: `Sets what a collecting service, or a caller, may cost in any 30 days.
- Use when spending is to be bounded or a budget is too small. A lower budget its caller may apply; a higher one needs an approval.
- Items that do not fit are refused before they are sent.
Example: {"scope": "service", "name": "apify", "usdPerMonth": 20}`,
  effect: "update",
  input: z.strictObject({
    scope: z.enum(["service", "caller"]).describe("Whose budget it is."),
    name: z
      .string()
      .min(1)
      .max(100)
      .describe("tavily, zenrows, apify, phantombuster or twingly; the id of a caller; * for all together."),
    usdPerMonth: z.number().min(0).max(100_000).nullable().describe("null: no limit."),
  }),
  output: z.object({ scope: z.string(), name: z.string(), usdPerMonth: z.number().nullable(), source: Source }),
  async plan({ scope, name, usdPerMonth }, { services }: ToolContext<Services>) {
    const known = (await services.dataBudgets.list()).find((budget) => budget.scope === scope && budget.name === name);
    const isLooser = (usdPerMonth ?? Infinity) > (known?.usdPerMonth ?? Infinity);
    return {
      summary: `${isLooser ? "Raise" : "Lower"} the monthly budget of ${scope} ${name}.`,
      changes: [
        {
          action: known ? ("update" as const) : ("create" as const),
          resource: `budget of ${scope} ${name}`,
          before: known ? `${known.usdPerMonth} USD` : "no limit",
          after: usdPerMonth === null ? "no limit" : `${usdPerMonth} USD`,
        },
      ],
      blastRadius: isLooser
        ? "Items that were refused may be sent and cost money."
        : "Items beyond it are refused. What was spent before counts.",
      risk: isLooser ? ("medium" as const) : ("low" as const),
      costPerHourUsd: 0,
      stateVersion: String(known?.usdPerMonth ?? "none"),
    };
  },
  async apply(budget, _plan, { services }: ToolContext<Services>) {
    await services.dataBudgets.set(budget);
    return { ...budget, source: { service: "sophia", mode: "local" as const, costUsd: 0 } };
  },
});
