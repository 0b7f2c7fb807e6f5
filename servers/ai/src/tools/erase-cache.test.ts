import type { CategoryStats } from "@sophia/core/cache/semantic-cache";
import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import { expect, test } from "vitest";
import { eraseCache } from "./erase-cache.ts";

function open() {
  const cleared: object[] = [];
  const empty = { requests: 0, hits: 0, checks: 0, wrongChecks: 0, threshold: undefined, ttlMs: 1 };
  const rates = { estimatedErrorRate: 0, errorRateBound: 0, errorBudget: 0.01 };
  const stats: CategoryStats[] = [
    { category: "faq", ...empty, ...rates, entries: 5 },
    { category: "empty", ...empty, ...rates, entries: 0 },
  ];
  const semanticCache = {
    stats: async () => stats,
    async clear(scope: object) {
      cleared.push(scope);
      return 5;
    },
  };
  const context: ToolContext<{ semanticCache: typeof semanticCache }> = {
    services: { semanticCache },
    caller: { id: "c1", name: "tester", scopes: ["read", "write"] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return { cleared, context };
}

test("plans first, then clears what it named", async () => {
  const { context, cleared } = open();
  const plan = await eraseCache.plan({ category: "faq" }, context);
  expect(plan).toMatchObject({ risk: "low", summary: "Empty category faq of the semantic cache." });
  expect((await eraseCache.plan({ category: "empty" }, context)).blastRadius).toMatch(/^No answers/);
  expect(cleared).toEqual([]);
  expect(await eraseCache.apply({ category: "faq" }, plan, context)).toMatchObject({ removed: 5 });
  await eraseCache.apply({}, plan, context);
  expect(cleared).toEqual([{ category: "faq" }, {}]);
});
