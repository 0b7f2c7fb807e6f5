import type { CategoryStats, SemanticCache } from "@sophia/core/cache/semantic-cache";
import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { manageCache } from "./manage-cache.ts";

const stats: CategoryStats[] = ["quiet", "faq"].map((category, index) => ({
  category,
  requests: 10 ** (index + 1),
  hits: 4 * index,
  checks: 7,
  wrongChecks: 1,
  threshold: index === 0 ? undefined : 0.61234,
  estimatedErrorRate: 0.004,
  errorRateBound: 0.009,
  errorBudget: 0.01,
  ttlMs: 3_600_000,
  entries: 5,
}));

function open(scopes: ("read" | "write")[] = ["read", "write"]) {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    async (...given: unknown[]) =>
      void calls.push([name, ...given]);
  const entry = { entryId: "e", partition: "p", category: "faq", text: "How?", value: "So.", strength: 1, tags: ["t"] };
  const semanticCache = {
    stats: async () => stats,
    find: async (id: string) =>
      id === "e" ? { ...entry, createdAt: 0, expiresAt: 1_000, checks: 0, wrongChecks: 0 } : undefined,
    invalidate: note("invalidate"),
    configure: note("configure"),
    evict: async (id: string) => id === "e",
  } satisfies Partial<SemanticCache>;
  const context: ToolContext<{ semanticCache: typeof semanticCache }> = {
    services: { semanticCache },
    caller: { id: "c1", name: "tester", scopes },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return { calls, context, run: (input: object) => manageCache.run(manageCache.input.parse(input), context) };
}

describe("manage_cache", () => {
  test("shows categories, the busiest first", async () => {
    const { categories } = await open(["read"]).run({});
    expect(categories.map(({ category }) => category)).toEqual(["faq", "quiet"]);
    expect(categories[0]).toMatchObject({ hitRate: 0.04, threshold: 0.6123, ttlHours: 1 });
    expect(categories[1]).not.toHaveProperty("threshold");
    expect((await open().run({ category: "quiet" })).categories).toHaveLength(1);
  });

  test("shows one entry, and not to whom may only read: somebody else may have asked it", async () => {
    const { entry } = await open().run({ action: "entry", entryId: "e" });
    expect(entry).toMatchObject({ question: "How?", answer: "So.", createdAt: "1970-01-01T00:00:00.000Z" });
    await expect(open().run({ action: "entry", entryId: "x" })).rejects.toMatchObject({ kind: "not_found" });
    const refused = open(["read"]).run({ action: "entry", entryId: "e" });
    await expect(refused).rejects.toMatchObject({ kind: "denied" });
  });

  test("changes with the scope write alone", async () => {
    const { run, calls } = open();
    await run({ action: "invalidate", tag: "document:7" });
    await run({ action: "configure", category: "faq", errorBudget: 0.005, ttlHours: 2 });
    expect(await run({ action: "evict", entryId: "e" })).toMatchObject({ done: expect.stringContaining("not served") });
    expect(calls).toEqual([
      ["invalidate", "document:7"],
      ["configure", "faq", { errorBudget: 0.005, ttlMs: 7_200_000 }],
    ]);
    await expect(open(["read"]).run({ action: "evict", entryId: "e" })).rejects.toMatchObject({ kind: "denied" });
  });

  test("tells it in lines that a person reads", async () => {
    const render = async (input: object) =>
      manageCache.render?.(manageCache.output.parse(await open().run(input)))?.split("\n");
    expect(await render({})).toEqual([
      "4 of 110 questions answered by meaning, 2 categories. A category serves once its threshold is learned from checks.",
      "category | hits/questions | threshold | wrong/checks | errors estimated, at most, allowed | kept h | entries",
      "faq | 4/100 (4 %) | 0.6123 | 1/7 | 0.4 %, 0.9 %, 1 % | 1 | 5",
      "quiet | 0/10 (0 %) | not learned yet | 1/7 | 0.4 %, 0.9 %, 1 % | 1 | 5",
    ]);
    expect((await render({ category: "none" }))?.[0]).toContain("no category none");
    expect(await render({ action: "entry", entryId: "e" })).toEqual([
      "Entry e of faq, written 1970-01-01T00:00:00.000Z, kept until 1970-01-01T00:00:01.000Z; 0 of 0 checks wrong; tags t.",
      "Question: How?",
      "Answer: So.",
      "If it is wrong: evict with this entryId.",
    ]);
  });

  test.each([
    [{ action: "invalidate" }],
    [{ action: "configure", category: "faq" }],
    [{ action: "configure", ttlHours: 1 }],
    [{ action: "evict" }],
  ])("%j says what is missing", async (input) => {
    await expect(open().run(input)).rejects.toMatchObject({ kind: "invalid_input" });
  });
});
