import type { Scope } from "@sophia/core/approval/caller";
import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { GroupUsage, ReportQuestion, UsageReports, UsageSums } from "../usage/usage-reports.ts";
import { parseTimeRange } from "../usage/time-range.ts";
import { reportUsage } from "./report-usage.ts";

const now = Date.UTC(2026, 10, 21, 12);

const sums: UsageSums = {
  calls: 120,
  errors: 2,
  inputTokens: 90_000,
  outputTokens: 9_000,
  cachedInputTokens: 1_000,
  costUsd: 1.5,
  estimatedUsd: 0.2,
  unpricedCalls: 0,
  p50Ms: 812,
  p95Ms: 2_400,
  exactHits: 20,
  semanticHits: 9,
  sharedHits: 1,
  bypassed: 4,
  hitShare: 0.25,
};

function fakeServices(groups: GroupUsage[], asked: ReportQuestion[] = [], dropped = 0) {
  const reports: UsageReports = {
    parseRange: (text) => parseTimeRange(text, now),
    async groups(question) {
      asked.push(question);
      return { range: question.range, groups, total: { ...sums, unpricedCalls: dropped } };
    },
    series: async ({ range }) =>
      Array.from({ length: 3 }, (_value, day) => ({ time: range.since + day * 86_400_000, costUsd: 0.5, calls: 40 })),
    savings: async () => ({
      baselineModel: "large",
      baselineUsd: 2.5,
      actualUsd: 1.5,
      savedUsd: 1,
      savedShare: 0.4,
      shareLower: 0.35,
      shareUpper: 0.45,
      blocks: 30,
      comparedCalls: 118,
      totalCalls: 120,
    }),
    unusual: async () => [
      {
        day: "2026-11-12",
        of: "all",
        costUsd: 9,
        expectedUsd: 3,
        score: 8,
        driver: { dimension: "caller", name: "tok_a", share: 0.9, because: "more calls" },
      },
    ],
    forecast: async () => ({
      month: "2026-11",
      spentUsd: 1.5,
      expectedUsd: 2.1,
      lowerUsd: 1.9,
      upperUsd: 2.4,
      method: "theta",
      days: 40,
    }),
    advice: async () => [{ kind: "cheaper_model", saveUsdPerYear: 12, text: "Take small." }],
  };
  const names = new Map([["tok_a", "billing bot"]]);
  return {
    usage: {
      reports,
      budgets: {
        states: async () => [
          { caller: "tok_a", window: "day" as const, limitUsd: 5, spentUsd: 4.2, share: 0.84, warning: 80 as const },
          { caller: "*", window: "month" as const, limitUsd: 100, spentUsd: 1.5, share: 0.015 },
        ],
        check: async () => {},
        close: async () => {},
      },
      callers: {
        list: async () => [{ id: "tok_a", name: "billing bot" }],
        names: async () => names,
        find: async () => ({ id: "tok_a", name: "billing bot" }),
      },
    },
    callLog: { flush: async () => {}, status: () => ({ waiting: 0, written: 0, dropped }) },
  };
}

function run(input: unknown, services: ReturnType<typeof fakeServices>, scopes: Scope[] = ["read", "write"]) {
  const context: ToolContext<typeof services> = {
    services,
    caller: { id: "c1", name: "tester", scopes },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return reportUsage.run(reportUsage.input.parse(input), context);
}

test("tells everything on the first page, in short lines", async () => {
  const output = await run({ groupBy: "caller" }, fakeServices([{ ...sums, group: "tok_a" }], [], 3));
  expect(reportUsage.render?.(reportUsage.output.parse(output))).toMatchInlineSnapshot(`
    "AI usage 2026-10-23T00:00Z to 2026-11-21T13:00Z: 1.50 USD, 120 calls (2 failed), 90000 tokens read, 9000 written, 25.0 % from cache.
    0.20 USD of it estimated.
    Saved 1.00 USD, 40.0 % (95 %: 35.0 % to 45.0 %), against 2.50 USD for the same tokens at large without cache and routing; 118 of 120 calls compared.
    2026-11: 1.50 USD so far, 2.10 USD expected (95 %: 1.90 USD to 2.40 USD).

    By caller (1 of 1):
    caller | USD | calls | errors | tokens in (cached) | out | hits exact/semantic/shared | p50/p95 ms
    billing bot (tok_a) | 1.50 | 120 | 2 | 90000 (1000) | 9000 | 20/9/1 | 812/2400

    Unusual days:
    - 2026-11-12: 9.00 USD where 3.00 USD was usual: caller billing bot, more calls (90.0 % of it)

    Budgets:
    - billing bot, day: 4.20 USD of 5.00 USD (84.0 %)
    - all, month: 1.50 USD of 100.00 USD (1.5 %)

    Advice:
    - 12.00 USD a year: Take small.

    Notes:
    - 3 calls went to models that no price list has: they count as 0 USD.
    - 3 calls were not logged since the start: the store was away or too slow."
  `);
  const [picture] = reportUsage.attach?.(reportUsage.output.parse(output)) ?? [];
  expect(picture).toMatchObject({ type: "image", mimeType: "image/png", data: expect.stringMatching(/^iVBORw0KGgo/) });
});

test("pages go on in the same stretch of time, with the groups alone", async () => {
  const groups = ["a", "b", "c"].map((group) => ({ ...sums, group }));
  const asked: ReportQuestion[] = [];
  const services = fakeServices(groups, asked);
  const first = await run({ limit: 2 }, services);
  const second = await run({ limit: 2, cursor: first.nextCursor }, services);
  expect(first.groups.map(({ group }) => group)).toEqual(["a", "b"]);
  expect(second.groups.map(({ group }) => group)).toEqual(["c"]);
  expect(second).not.toHaveProperty("nextCursor");
  expect(second).not.toHaveProperty("savings");
  expect(asked[1]?.range).toEqual(asked[0]?.range);
  await expect(run({ limit: 2, groupBy: "day", cursor: first.nextCursor }, services)).rejects.toThrow("cursor");
});

test("narrows to a key by its name, and shows its budgets alone", async () => {
  const asked: ReportQuestion[] = [];
  const output = await run(
    { caller: "billing bot", model: "small", since: "2026-11-01", until: "2026-11-02" },
    fakeServices([], asked),
  );
  expect(asked[0]).toMatchObject({
    filter: { caller: "tok_a", model: "small" },
    range: { since: Date.UTC(2026, 10, 1), until: Date.UTC(2026, 10, 3) },
  });
  expect(output.budgets).toHaveLength(1);
  await expect(run({ since: "2026-11-03", until: "2026-11-01" }, fakeServices([]))).rejects.toThrow("ends before");
  await expect(run({ since: "yesterday" }, fakeServices([]))).rejects.toThrow("ISO 8601");
});

test("says how many calls no model answered", async () => {
  const { notes } = await run({}, fakeServices([{ ...sums, group: "simulated" }], []));
  expect(notes[0]).toBe("120 of 120 calls were answered by simulators: no model was asked, nothing was paid.");
});

test("a token that may only read is told of its own calls and of nobody else's", async () => {
  const asked: ReportQuestion[] = [];
  const services = fakeServices([{ ...sums, group: "large" }], asked);
  const { notes, budgets } = await run({}, services, ["read"]);
  expect(asked.map(({ filter }) => filter)).toEqual([{ caller: "c1" }, { caller: "c1" }]);
  expect(budgets).toEqual([]);
  expect(notes[0]).toContain("its own calls");
  await expect(run({ caller: "billing bot" }, services, ["read"])).rejects.toMatchObject({ kind: "denied" });
});
