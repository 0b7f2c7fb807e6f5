import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { CollectionSpec } from "../collections/collection-spec.ts";
import type { Collections } from "../collections/collections.ts";

interface Services {
  collections: Pick<Collections, "plan" | "start">;
}

const Input = z.strictObject({
  question: z.string().min(1).max(2_000).describe("What the report is to answer."),
  model: z.enum(["mini", "pro", "auto"]).default("mini").describe("mini is for narrow questions, and cheaper."),
  budgetUsd: z.number().positive().max(10).default(2).describe("It is not begun when it may cost more: up to 2 USD."),
});

export const researchTopic = defineTool({
  name: "research_topic",
  title: "Have a report written",
  description: `Plans a report by Tavily, which searches and reads for minutes; applied, it is begun once and kept as a document with its sources.
- Use for a question that takes many searches. The price is known only afterwards, so the most is assumed: it needs an approval above SOPHIA_DATA_APPROVAL_USD. Follow it with get_collection.
Example: {"question": "Who recycles batteries in Europe, and how much?"}`,
  effect: "create",
  openWorld: true,
  input: Input,
  output: z.object({ collectionId: z.string().describe("For get_collection."), source: Source }),
  async plan(input, { services }: ToolContext<Services>) {
    const { bySource, mostUsd, needsApproval } = services.collections.plan(toSpec(input));
    const mode = bySource[0]?.mode ?? "live";
    return {
      summary: `Have one report written (${mode}) for at most ${mostUsd} USD.`,
      changes: [{ action: "run" as const, resource: "a report by Tavily", after: input.question.slice(0, 200) }],
      blastRadius: "Credits of the Tavily account are used; nothing else changes.",
      risk: needsApproval ? ("medium" as const) : ("low" as const),
      costPerHourUsd: 0,
      stateVersion: `${mode} ${mostUsd}`,
    };
  },
  async apply(input, _plan, { services, caller }: ToolContext<Services>) {
    const spec = toSpec(input);
    const mode = services.collections.plan(spec).bySource[0]?.mode ?? ("live" as const);
    const collectionId = await services.collections.start({ spec, caller: caller.id });
    return { collectionId, source: { service: "tavily", mode, costUsd: 0 } };
  },
});

function toSpec({ question, model, budgetUsd }: z.output<typeof Input>): CollectionSpec {
  return CollectionSpec.parse({
    name: `report: ${question}`.slice(0, 100),
    sources: [{ source: "research", queries: [question], model }],
    budgetUsd,
    deadlineMinutes: 60,
  });
}
