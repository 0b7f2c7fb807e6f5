import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { dataPolicies } from "@sophia/core/routing/data-policy";
import { z } from "zod";
import { everybody, noPolicy } from "../policies/stored-policy.ts";
import { BudgetFigures } from "../usage/report-schemas.ts";
import type { Usage } from "../usage/create-usage.ts";

interface Services {
  usage: {
    callers: Pick<Usage["callers"], "list">;
    policyRows: Pick<Usage["policyRows"], "list" | "heirs">;
    budgets: Pick<Usage["budgets"], "states">;
  };
}

const KeyPolicy = z.object({
  caller: z.string().describe("Id of the key; * for all together."),
  name: z.string(),
  allowedModels: z.array(z.string()).describe("Empty: all."),
  dataPolicy: z.enum(dataPolicies),
  region: z.string().optional().describe("Where endpoints must run."),
  requestsPerMinute: z.int().optional(),
  tokensPerMinute: z.int().optional(),
  maxCostPerCallUsd: z.number().optional(),
  budgets: z.array(BudgetFigures.omit({ caller: true })),
});

export const listKeyPolicies = defineTool({
  name: "list_key_policies",
  title: "List keys and their limits",
  description: `Lists the keys of this server with their budgets, how full those are, and what each key may do.
- A token with the scope read alone sees itself. Use when a call was refused for its key, or before changing limits with set_budget or set_key_policy.
Example: {"limit": 20}`,
  effect: "read",
  input: z.strictObject({
    limit: z.int().min(1).max(200).default(50).describe("Most keys to return."),
    cursor: Cursor,
  }),
  output: z.object({
    keys: z.array(KeyPolicy).describe("All together first."),
    total: z.int(),
    nextCursor: NextCursor,
    source: Source,
  }),
  items: "keys",
  async run({ limit, cursor }, { services, caller }: ToolContext<Services>) {
    const { callers, policyRows, budgets } = services.usage;
    const start = readCursor(cursor, "key policies", z.int().min(0)) ?? 0;
    const all = [{ id: everybody, name: "all keys together" }, ...(await callers.list())];
    // What others may spend is for whoever may change it.
    const known = caller.scopes.includes("write") ? all : all.filter(({ id }) => id === caller.id);
    const policies = new Map((await policyRows.list()).map(({ caller, policy }) => [caller, policy]));
    const heirs = await policyRows.heirs();
    const states = Map.groupBy(await budgets.states(), ({ caller }) => caller);
    const end = start + limit;
    return {
      keys: known.slice(start, end).map(({ id, name }) => {
        const owner = heirs.get(id) ?? id;
        const { usdPerDay: _day, usdPerMonth: _month, ...policy } = policies.get(owner) ?? noPolicy;
        const own = (states.get(owner) ?? []).map(({ caller: _caller, ...state }) => state);
        return { ...policy, allowedModels: [...policy.allowedModels], caller: id, name, budgets: own };
      }),
      total: known.length,
      ...(end < known.length && { nextCursor: toCursor(end, "key policies") }),
      source: { service: "sophia", mode: "local" as const, costUsd: 0 },
    };
  },
});
