import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { CollectionSummary, summarise } from "../collections/collection-summary.ts";
import type { Collections } from "../collections/collections.ts";

interface Services {
  collections: Pick<Collections, "control" | "report">;
}

export const manageCollection = defineTool({
  name: "manage_collection",
  title: "Pause, resume or abort a collection",
  description: `Pauses one of your collections, lets it go on, or aborts it.
- Use when a collection costs too much, takes too long or shall wait. pause finishes what is on its way and begins nothing more; abort also stops runs at their vendors. What was found stays; what it has cost is told.
Example: {"collectionId": "7d1f…", "action": "pause"}`,
  effect: "read",
  openWorld: true,
  input: z.strictObject({
    collectionId: z.string().max(100).describe("From collect."),
    action: z.enum(["pause", "resume", "abort"]).describe("What to do."),
  }),
  output: z.object({ collection: CollectionSummary, source: Source }),
  async run({ collectionId, action }, { services, caller }: ToolContext<Services>) {
    await services.collections.control(collectionId, caller.id, action);
    const report = await services.collections.report(collectionId, caller.id);
    return { collection: summarise(report), source: { service: "sophia", mode: "local" as const, costUsd: 0 } };
  },
});
