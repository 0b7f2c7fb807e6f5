import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { collectionInput, toCollectionSpec } from "../collections/collection-input.ts";
import type { CollectionPlan, Collections } from "../collections/collections.ts";
import { CollectionSummary, summarise } from "../collections/collection-summary.ts";

interface Services {
  collections: Pick<Collections, "plan" | "start" | "report" | "wait">;
}

/** Below the deadline, so that a long collection answers with its id instead of an error. */
const waitMs = 45_000;

export const collect = defineTool({
  name: "collect",
  title: "Collect from several sources at once",
  description: `Reads pages, searches and vendors' runs side by side, each source at its own pace, within one budget, and keeps all that is found for search_documents.
- Use when more than one source or many items are needed: pages of the open web, Tavily searches, ZenRows pages, Apify Actors, PhantomBuster agents.
- dryRun tells what it may cost, and begins nothing. What costs more than may be spent without asking, or acts as a person, is refused: then run run_collection, which plans it for approval.
- A long collection goes on by itself and survives a restart: follow it with get_collection, end it with manage_collection.
Example: {"sources": [{"source": "pages", "urls": ["https://example.com/news"]}, {"source": "tavily", "queries": ["example ltd news"]}], "budgetUsd": 0.5}`,
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  input: z.strictObject({
    ...collectionInput,
    dryRun: z.boolean().default(false).describe("Only tell what it may cost."),
  }),
  output: z.object({
    plan: z.object({
      items: z.int(),
      mostUsd: z.number().describe("The most it may cost."),
      needsApproval: z.boolean(),
    }),
    collection: CollectionSummary.optional().describe("Absent after a dryRun."),
    source: Source,
  }),
  async run({ dryRun, ...input }, { services, caller, signal, progress }: ToolContext<Services>) {
    const { collections } = services;
    const spec = toCollectionSpec(input);
    const planned = collections.plan(spec);
    const { items, mostUsd, needsApproval } = planned;
    const plan = { items, mostUsd, needsApproval };
    if (dryRun) return { plan, source: sourceOf(planned, 0) };
    if (needsApproval) {
      throw new AppError("approval_required", `This collection may cost up to ${mostUsd} USD, or acts as a person.`, {
        hint: "Run run_collection with the same arguments: it plans the collection for approval. Or lower budgetUsd.",
      });
    }
    const id = await collections.start({ spec, caller: caller.id });
    await collections.wait(id, { forMs: waitMs, signal, onProgress: progress });
    const report = await collections.report(id, caller.id);
    return { plan, collection: summarise(report), source: sourceOf(planned, report.costUsd) };
  },
});

/** The one service of a collection, or ourselves for several; simulated as soon as any of it is. */
function sourceOf({ bySource }: CollectionPlan, costUsd: number) {
  const [first] = bySource;
  const mode = bySource.find((part) => part.mode === "simulated")?.mode ?? first?.mode ?? ("local" as const);
  return { service: bySource.length === 1 ? (first?.service ?? "sophia") : "sophia", mode, costUsd };
}
