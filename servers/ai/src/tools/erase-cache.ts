import type { SemanticCache } from "@sophia/core/cache/semantic-cache";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";

interface Services {
  semanticCache: Pick<SemanticCache, "stats" | "clear">;
}

export const eraseCache = defineTool({
  name: "erase_cache",
  title: "Empty the answer cache",
  description: `Removes every answer of the semantic cache, or those of one category; thresholds that were learned stay.
- Use when a model, prompt or policy has changed so much that no earlier answer holds.
- For one wrong answer use manage_cache with evict, for a changed document with invalidate.
Example: {"category": "support-faq"}`,
  effect: "destroy",
  input: z.strictObject({
    category: z.string().min(1).max(200).optional().describe("Only this one; left out: all categories."),
  }),
  output: z.object({ removed: z.int().describe("Answers that are not served any more."), source: Source }),
  async plan({ category }, { services }: ToolContext<Services>) {
    const stats = await services.semanticCache.stats();
    const entries = stats
      .filter((found) => category === undefined || found.category === category)
      .reduce((sum, found) => sum + found.entries, 0);
    const what = category === undefined ? "the whole semantic cache" : `category ${category} of the semantic cache`;
    return {
      summary: `Empty ${what}.`,
      changes: [{ action: "delete", resource: what, before: "answers are served again", after: "empty" }],
      blastRadius: `${entries > 0 ? "Its" : "No"} answers are asked and paid for again; nothing fails.`,
      risk: "low",
      costPerHourUsd: 0,
      stateVersion: category ?? "all",
    };
  },
  async apply({ category }, _plan, { services }: ToolContext<Services>) {
    const removed = await services.semanticCache.clear(category === undefined ? {} : { category });
    return { removed, source: { service: "sophia", mode: "local" as const, costUsd: 0 } };
  },
});
