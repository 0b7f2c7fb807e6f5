import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { dataPolicies } from "@sophia/core/routing/data-policy";
import { z } from "zod";
import { applyPolicyChange, planPolicyChange, type PolicyServices } from "../policies/change-key-policy.ts";

const count = z.int().min(1).max(100_000_000).nullable().optional();

export const setKeyPolicy = defineTool({
  name: "set_key_policy",
  title: "Set what a key may do",
  description: `Limits the models, the handling of data and the rates of one key.
- Use when an application may use certain models only, its prompts must not be kept by providers, or it is too fast.
- Left out: as it is; null: no such limit. Budgets are set with set_budget; keys are made with \`sophia token create\`.
- Stricter limits its caller may apply; looser ones need an approval.
Example: {"caller": "billing-bot", "allowedModels": ["openai/gpt-5-mini", "meta-llama/*"], "dataPolicy": "no_training"}`,
  effect: "update",
  input: z.strictObject({
    caller: z.string().min(1).max(100).describe("Name or id of the key."),
    allowedModels: z
      .array(z.string().min(1).max(200))
      .max(50)
      .nullable()
      .optional()
      .describe("Model ids; * at the end matches the rest. Empty or null: all."),
    dataPolicy: z
      .enum(dataPolicies)
      .nullable()
      .optional()
      .describe("The least an endpoint must promise: not to train on prompts, not to keep them, or to be a local one."),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/)
      .nullable()
      .optional()
      .describe("Where endpoints must run, as SOPHIA_AI_REGIONS names it, e.g. eu."),
    requestsPerMinute: count.describe("Most requests in a minute."),
    tokensPerMinute: count.describe("Most tokens in a minute."),
    maxCostPerCallUsd: z
      .number()
      .min(0)
      .max(10_000)
      .nullable()
      .optional()
      .describe("Calls that may cost more are refused before they are made."),
  }),
  output: z.object({ caller: z.string(), name: z.string(), limits: z.string(), source: Source }),
  plan: ({ caller, ...change }, { services }: ToolContext<PolicyServices>) =>
    planPolicyChange(services, { caller, change }),
  async apply({ caller, ...change }, _plan, { services }: ToolContext<PolicyServices>) {
    const applied = await applyPolicyChange(services, { caller, change });
    return { ...applied, source: { service: "sophia", mode: "local" as const, costUsd: 0 } };
  },
});
