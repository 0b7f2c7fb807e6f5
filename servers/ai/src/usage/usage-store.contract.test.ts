import { AppError } from "@sophia/core/errors/app-error";
import { toNanoUsd, toUsd } from "@sophia/core/ledger/nano-usd";
import { quantileOf } from "@sophia/core/statistics/quantile-of";
import type { Store } from "@sophia/core/store/store";
import { silentLog, startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CallRecord } from "../domain/call-record.ts";
import { createCallLog, otherCategory } from "./call-log.ts";
import { readUsage } from "./read-usage.ts";
import { dayMs } from "./roll-up.ts";
import { createUsageReports } from "./usage-reports.ts";
import { sampleCall, sampleCalls } from "./testing/sample-calls.ts";
import { usageMigrations, type UsageTables } from "./usage-tables.ts";

const noAdvice = async () => ({ offers: [], judgments: [], qualityFloor: 0.9, cacheStats: [] });
const from = Date.UTC(2026, 8, 1);

describe.each([
  ["sqlite", 10_000],
  ["postgres", 1_000],
] as const)("the call log on %s", (name, count) => {
  let engine: StoreEngine | undefined;
  let store: Store<UsageTables>;
  const clock = createVirtualClock(from + 40 * dayMs);
  beforeAll(async () => void (engine = await startEngine(name)));
  beforeEach(async (context) => {
    if (!engine) return context.skip();
    store = await engine.open<UsageTables>(await engine.createPlace(), [usageMigrations]);
  });
  afterEach(() => engine?.closeStores());
  afterAll(() => engine?.stop());

  test("mixed calls, written by two processes, add up to the cent in days and hours, by any group", async () => {
    const calls = sampleCalls(count, { from, days: 3, seed: 4 });
    const logs = [1, 2].map(() => createCallLog({ store, clock, log: silentLog }));
    for (const [index, call] of calls.entries()) logs[index % 2]?.record(call);
    await Promise.all(logs.map((log) => log.close()));
    expect(logs.map((log) => log.status())).toEqual([
      { waiting: 0, written: count / 2, dropped: 0 },
      { waiting: 0, written: count / 2, dropped: 0 },
    ]);
    // Neither end is a whole day: both tables take part.
    const range = { since: from + dayMs / 2, until: from + 2 * dayMs + dayMs / 4 };
    const asked = calls.filter(({ startedAt }) => startedAt >= range.since && startedAt < range.until);
    for (const by of [[], ["model"], ["caller", "cache"], ["day"], ["hour", "operation"]] as const) {
      const groups = await readUsage(store, { range, by, latency: true });
      const cost = groups.reduce((sum, { counts }) => sum + BigInt(counts.cost_nano_usd), 0n);
      const expected = asked.reduce((sum, { costUsd }) => sum + BigInt(toNanoUsd(costUsd)), 0n);
      expect(toUsd(cost)).toBe(toUsd(expected));
      const tokens = groups.reduce((sum, { counts }) => sum + counts.input_tokens, 0);
      expect(tokens).toBe(asked.reduce((sum, { inputTokens }) => sum + inputTokens, 0));
    }
    const small = (await readUsage(store, { range, by: ["model"], filter: { caller: "tok_b" }, latency: true })).find(
      ({ key }) => key[0] === "small",
    );
    const mine = asked.filter(({ caller, model }) => caller === "tok_b" && model === "small");
    expect(small?.counts.calls).toBe(mine.length);
    const answered = mine.filter(({ outcome }) => outcome === "ok").map(({ totalMs }) => totalMs);
    expect((small?.latency.quantile(0.95) ?? 0) / quantileOf(answered, 0.95)).toBeCloseTo(1, 1);
    const reports = createUsageReports({ store, clock, baselineModel: "large", adviceSources: noAdvice });
    const report = await reports.groups({ range, groupBy: "service", filter: {} });
    const cents = (usd: number) => Math.round(100 * usd);
    const sum = asked.reduce((total, { costUsd }) => total + costUsd, 0);
    expect(cents(report.total.costUsd)).toBe(cents(sum));
    expect(cents(report.groups.reduce((total, { costUsd }) => total + costUsd, 0))).toBe(cents(sum));
    const hits = asked.filter(({ cache }) => cache !== "miss" && cache !== "bypass").length;
    expect(report.total).toMatchObject({ calls: asked.length, hitShare: hits / asked.length });
    expect(small?.counts.errors).toBe(mine.filter(({ outcome }) => outcome === "error").length);
  });

  test("what cannot be written is left out, and its neighbours are written", async () => {
    const log = createCallLog({ store, clock, log: silentLog });
    const odd: Partial<CallRecord>[] = [{ model: "a\0b" }, { costUsd: Number.NaN }, { costUsd: -1 }];
    for (let index = 0; index < 20; index += 1) log.record(sampleCall(odd[index - 8] ?? {}));
    await log.close();
    expect(log.status()).toEqual({ waiting: 0, written: 17, dropped: 3 });
    const [sum] = await readUsage(store, { range: { since: 0, until: clock.now() }, by: [] });
    expect(sum?.counts.calls).toBe(17);
  });

  test("sums up the kinds beyond five hundred a day as one", async () => {
    const log = createCallLog({ store, clock, log: silentLog });
    for (let index = 0; index < 510; index += 1) log.record(sampleCall({ category: `c${index}` }));
    await log.flush();
    const rows = await store.db.selectFrom("ai_calls").select("body").execute();
    const categories = rows.map(({ body }) => (JSON.parse(body) as CallRecord).category);
    expect(categories.filter((category) => category === otherCategory)).toHaveLength(10);
  });

  test("single calls and hours go after their time, days stay", async () => {
    const log = createCallLog({ store, clock, log: silentLog, keepDays: 30 });
    log.record(sampleCall({ startedAt: from }));
    await log.flush();
    log.record(sampleCall({ startedAt: clock.now() }));
    await log.close();
    const left = await store.db.selectFrom("ai_calls").select("started_at").execute();
    expect(left).toEqual([{ started_at: clock.now() }]);
    const hours = await readUsage(store, { range: { since: from, until: clock.now() + dayMs }, by: ["hour"] });
    expect(hours).toHaveLength(1);
    const days = await store.db.selectFrom("workload_daily").select(["day", "version", "server"]).execute();
    expect(days.map(({ day }) => day).toSorted()).toEqual(["2026-09-01", "2026-10-11"]);
    expect(days[0]).toMatchObject({ version: 1, server: "ai" });
  });
});

describe("the call log behind the answers", () => {
  /** Refuses as often as told, then takes everything. */
  function fakeStore(failures: number, committedAnyway = false) {
    const written: number[] = [];
    let left = failures;
    const store = {
      engine: "sqlite",
      transaction() {
        if (left > 0) {
          left -= 1;
          if (committedAnyway) written.push(-1);
          return Promise.reject(new AppError("unavailable", "busy"));
        }
        written.push(1);
        return Promise.resolve();
      },
    } as unknown as Store<UsageTables>;
    return { store, written };
  }

  test("waits for the store, and takes no more than there is room for", async () => {
    const clock = createVirtualClock();
    const { store, written } = fakeStore(2);
    const log = createCallLog({ store, clock, log: silentLog, maxWaiting: 3 });
    for (let index = 0; index < 5; index += 1) log.record(sampleCall());
    expect(log.status()).toEqual({ waiting: 3, written: 0, dropped: 2 });
    await clock.advance(600);
    expect(log.status().waiting).toBe(3);
    await clock.advance(60_000);
    expect(log.status()).toEqual({ waiting: 0, written: 3, dropped: 2 });
    expect(written).toHaveLength(1);
  });

  test("gives up at the end, when the store stays away, and says how many", async () => {
    const clock = createVirtualClock();
    const { store } = fakeStore(100);
    const log = createCallLog({ store, clock, log: silentLog });
    log.record(sampleCall());
    const closed = log.close();
    await clock.advance(5_000);
    await closed;
    expect(log.status()).toEqual({ waiting: 0, written: 0, dropped: 1 });
    expect(clock.sleeping).toBe(0);
  });

  test("a flush waits for what was there before it, not for what comes after, and not for ever", async () => {
    const clock = createVirtualClock();
    let away = false;
    const store = {
      engine: "sqlite",
      async transaction() {
        if (away) throw new AppError("unavailable", "busy");
        // A server that is never idle: while one batch is written, the next call comes.
        if (log.status().written < 1_000) log.record(sampleCall());
      },
    } as unknown as Store<UsageTables>;
    const log = createCallLog({ store, clock, log: silentLog });
    log.record(sampleCall());
    await log.flush();
    expect(log.status().written).toBeLessThan(10);
    await clock.advance(1_000_000);
    away = true;
    log.record(sampleCall());
    let isOver = false;
    const flushed = log.flush().then(() => (isOver = true));
    await clock.advance(4_000);
    expect(isOver).toBe(false);
    await clock.advance(2_000);
    expect(isOver).toBe(true);
    await flushed;
    expect(log.status().waiting).toBeGreaterThan(0);
  });
});
