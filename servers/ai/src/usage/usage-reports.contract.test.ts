import { createRandom } from "@sophia/core/statistics/seeded-random";
import type { Store } from "@sophia/core/store/store";
import { startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dayMs, toDay, zeroCounts } from "./roll-up.ts";
import { createUsageReports, type UsageReports } from "./usage-reports.ts";
import { usageMigrations, type UsageTables } from "./usage-tables.ts";

const now = Date.UTC(2026, 10, 21, 12);
const runaway = Date.UTC(2026, 10, 12);
const whole = { since: Date.UTC(2025, 10, 22), until: Date.UTC(2026, 10, 22) };

let engine: StoreEngine | undefined;
let store: Store<UsageTables>;
let reports: UsageReports;

/** A year of days, 40 combinations each; on one day a caller makes four times the calls. */
function buildYear(): UsageTables["workload_daily"][] {
  const random = createRandom(11);
  const combinations = Array.from({ length: 40 }, (_value, index) => ({
    caller: `tok_${index % 5}`,
    model: `model-${index % 4}`,
    category: `kind-${index % 8}`,
    cache: index % 2 === 0 ? "hit" : "miss",
  }));
  const rows: UsageTables["workload_daily"][] = [];
  for (let start = whole.since; start < whole.until; start += dayMs) {
    const weekday = new Date(start).getUTCDay() % 6 === 0 ? 0.3 : 1;
    for (const [index, combination] of combinations.entries()) {
      const busy = start === runaway && combination.caller === "tok_2" ? 8 : 1;
      const calls = Math.round(100 * weekday * busy * (0.95 + 0.1 * random()));
      const cost = combination.cache === "hit" ? 0 : calls * 2_000_000;
      rows.push({
        id: `${start} ${index}`,
        start,
        version: 1,
        server: "ai",
        day: toDay(start),
        service: "openrouter",
        mode: "live",
        route: "named",
        operation: "chat",
        origin: "gateway",
        ...combination,
        ...zeroCounts(),
        calls,
        input_tokens: calls * 500,
        output_tokens: calls * 50,
        cost_nano_usd: cost,
        baseline_calls: calls,
        baseline_nano_usd: calls * 2_500_000,
        baseline_cost_nano_usd: cost,
        latency: Array.from({ length: 30 }, (_value, bucket) => `${140 + bucket}:3`).join(" "),
      });
    }
  }
  return rows;
}

beforeAll(async () => {
  engine = await startEngine("sqlite");
  if (!engine) return;
  store = await engine.open<UsageTables>(await engine.createPlace(), [usageMigrations]);
  const rows = buildYear();
  await store.transaction(async (tx) => {
    for (let start = 0; start < rows.length; start += 400) {
      await tx
        .insertInto("workload_daily")
        .values(rows.slice(start, start + 400))
        .execute();
    }
  });
  const clock = createVirtualClock(now);
  const adviceSources = async () => ({ offers: [], judgments: [], qualityFloor: 0.9, cacheStats: [] });
  reports = createUsageReports({ store, clock, baselineModel: "model-3", adviceSources });
});
afterAll(() => engine?.stop());

test("a year is answered in less than a second of processor time", async () => {
  const before = process.cpuUsage();
  const question = { range: whole, filter: {} };
  const { groups, total } = await reports.groups({ ...question, groupBy: "model" });
  const savings = await reports.savings(question);
  const series = await reports.series(question);
  await reports.unusual(question);
  await reports.forecast({});
  await reports.advice(question);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(1);
  expect(groups.map(({ group }) => group).toSorted()).toEqual(["model-0", "model-1", "model-2", "model-3"]);
  expect(series).toHaveLength(365);
  expect(series.reduce((sum, { costUsd }) => sum + costUsd, 0)).toBeCloseTo(total.costUsd, 6);
  expect(total.hitShare).toBeCloseTo(0.5, 2);
  // Half the calls are free, the others cost 2.0 instead of 2.5.
  expect(savings).toMatchObject({ baselineModel: "model-3", savedShare: expect.closeTo(0.6, 2), blocks: 365 });
  expect(savings?.shareLower).toBeLessThan(savings?.savedShare ?? 0);
});

test("the runaway day is found, with who did it and how", async () => {
  const range = { since: Date.UTC(2026, 10, 1), until: whole.until };
  const days = await reports.unusual({ range, filter: {} });
  expect(days[0]).toMatchObject({
    day: "2026-11-12",
    of: "all",
    driver: { dimension: "caller", name: "tok_2", because: "more calls", share: expect.closeTo(1, 1) },
  });
  expect(days.map(({ of, name }) => [of, name])).toContainEqual(["caller", "tok_2"]);
  expect(await reports.unusual({ range, filter: { caller: "tok_1" } })).toEqual([]);
});

test("the month's forecast goes on with its week", async () => {
  const forecast = await reports.forecast({ caller: "tok_1" });
  // Four rows of a caller cost 0.2 USD each on a working day, 0.06 at the week's end: 21 and 9 days in November 2026.
  expect(forecast).toMatchObject({ month: "2026-11", days: 182 });
  expect((forecast?.expectedUsd ?? 0) / (4 * (21 * 0.2 + 9 * 0.06))).toBeCloseTo(1, 1);
  expect(forecast?.lowerUsd).toBeLessThan(forecast?.expectedUsd ?? 0);
  expect(forecast?.lowerUsd).toBeGreaterThan(forecast?.spentUsd ?? Infinity);
});

test("ranges whose hours are gone are answered in whole days", async () => {
  const asked = { since: Date.UTC(2026, 1, 1, 7), until: Date.UTC(2026, 1, 3, 9) };
  const { range, groups } = await reports.groups({ range: asked, groupBy: "day", filter: {} });
  expect(range).toEqual({ since: Date.UTC(2026, 1, 1), until: Date.UTC(2026, 1, 4) });
  expect(groups.map(({ group }) => group)).toEqual(["2026-02-01", "2026-02-02", "2026-02-03"]);
});
