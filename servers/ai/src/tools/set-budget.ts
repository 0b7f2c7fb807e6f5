import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { applyPolicyChange, planPolicyChange, type PolicyServices } from "../policies/change-key-policy.ts";

const limit = z.number().min(0).max(1_000_000).nullable().optional();

export const setBudget = defineTool({
  name: "set_budget",
  title: "Set an AI budget",
  description: `Limits what one key, or all keys together, may spend on models in any 24 hours and any 30 days.
- Use when spending is to be capped, a cap raised, or one taken away (null).
- The money is set aside before each call: beyond the limit calls are refused, also on fallbacks. Alerts come at 50, 80 and 100 %.
- A lower limit its caller may apply; a higher one needs an approval. Limits in the server's settings stay in force beside it.
Example: {"caller": "billing-bot", "usdPerDay": 5, "usdPerMonth": 100}`,
  effect: "update",
  input: z.strictObject({
    caller: z.string().min(1).max(100).optional().describe("Name or id of a key. Left out: all keys together."),
    usdPerDay: limit.describe("Most USD in any 24 hours; null: no such limit; left out: as it is."),
    usdPerMonth: limit.describe("Most USD in any 30 days; null: no such limit; left out: as it is."),
  }),
  output: z.object({
    caller: z.string().describe("Id of the key; * for all together."),
    name: z.string(),
    limits: z.string().describe("All limits that hold now."),
    source: Source,
  }),
  plan: ({ caller, ...change }, { services }: ToolContext<PolicyServices>) =>
    planPolicyChange(services, { caller, change }),
  async apply({ caller, ...change }, _plan, { services }: ToolContext<PolicyServices>) {
    const applied = await applyPolicyChange(services, { caller, change });
    return { ...applied, source: { service: "sophia", mode: "local" as const, costUsd: 0 } };
  },
});
