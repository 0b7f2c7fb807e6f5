import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { collectionInput, toCollectionSpec } from "../collections/collection-input.ts";
import type { Collections } from "../collections/collections.ts";

interface Services {
  collections: Pick<Collections, "plan" | "start">;
}

export const runCollection = defineTool({
  name: "run_collection",
  title: "Start a collection that needs approval",
  description: `Plans a collection that may cost more than may be spent without asking, or that acts as a person (PhantomBuster), and starts it once somebody has approved.
- Use when collect was refused with approval_required; the arguments are the same.
Example: {"sources": [{"source": "phantombuster", "agentId": "7000000000000001", "inputs": [{"profileUrls": ["https://example.com/in/ann"]}]}]}`,
  effect: "create",
  openWorld: true,
  input: z.strictObject(collectionInput),
  output: z.object({ collectionId: z.string().describe("For get_collection."), source: Source }),
  async plan(input, { services }: ToolContext<Services>) {
    const { items, mostUsd, bySource, needsApproval } = services.collections.plan(toCollectionSpec(input));
    const actsAsPerson = bySource.some(({ source }) => source === "phantombuster");
    return {
      summary: `Collect ${items} items for at most ${mostUsd} USD.`,
      changes: bySource.map((part) => ({
        action: "create" as const,
        resource: `${part.items} items from ${part.source} (${part.mode})`,
        after: `at most ${part.mostUsd} USD`,
      })),
      blastRadius: actsAsPerson
        ? "An agent acts on a social network under the account of a person, who is answerable for it."
        : "Money is spent at the services named; nothing else changes.",
      risk: needsApproval ? ("medium" as const) : ("low" as const),
      costPerHourUsd: 0,
      stateVersion: String(mostUsd),
    };
  },
  async apply(input, _plan, { services, caller }: ToolContext<Services>) {
    const collectionId = await services.collections.start({
      spec: toCollectionSpec(input),
      caller: caller.id,
    });
    return { collectionId, source: { service: "sophia", mode: "local" as const, costUsd: 0 } };
  },
});
