import { createAlertEvents } from "@sophia/core/store/alert-events";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Store } from "@sophia/core/store/store";
import { createRandom } from "@sophia/core/statistics/seeded-random";
import { silentLog, startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock, type VirtualClock } from "@sophia/core/testing/virtual-clock";
import { createMetrics } from "@sophia/core/observe/metrics";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { CallRecord } from "../domain/call-record.ts";
import { sampleCall, sampleContent } from "../traces/testing/call-samples.ts";
import { traceMigrations, type TraceTables } from "../traces/trace-tables.ts";
import { createTraces, type Traces } from "../traces/traces.ts";
import { createQuality, type Quality } from "./quality.ts";

const hourMs = 3_600_000;
let engine: StoreEngine | undefined;
let clock: VirtualClock;
let traces: Traces;
let quality: Quality;

beforeAll(async () => {
  engine = await startEngine("sqlite");
});
afterAll(() => engine?.stop());
beforeEach(async (context) => {
  if (!engine) return context.skip();
  const store: Store<CoreTables & TraceTables> = await engine.open(await engine.createPlace(), [traceMigrations]);
  clock = createVirtualClock();
  traces = createTraces({
    store,
    clock,
    log: silentLog,
    metrics: createMetrics({ server: "ai" }),
    scrub: (text) => text,
    keep: "full",
    limits: { maxAgeMs: 30 * 24 * hourMs, maxContentBytes: 1e9 },
    tracing: false,
  });
  quality = createQuality({ store, clock, alerts: createAlertEvents({ store }) });
});

/** Calls spread over a period that ends `hoursAgo`. */
async function makeCalls(
  name: string,
  count: number,
  { hoursAgo, failing }: { hoursAgo: number; failing: number },
  more: Partial<CallRecord> = {},
) {
  const random = createRandom(count + hoursAgo);
  for (let index = 0; index < count; index += 1) {
    const failed = random() < failing;
    traces.sink(
      sampleCall({
        requestId: `${name}-${index}`,
        startedAt: clock.now() - hoursAgo * hourMs - index * 60_000,
        totalMs: 500 + random() * 500,
        ...(failed && { outcome: "error" as const, errorKind: "upstream" }),
        ...more,
      }),
      sampleContent(),
    );
    if (index % 500 === 499) await traces.flush();
  }
  await traces.flush();
}

test("a model that begins to fail raises one alert, which closes when it is well again", async () => {
  await makeCalls("before", 400, { hoursAgo: 30, failing: 0.02 });
  await makeCalls("now", 200, { hoursAgo: 1, failing: 0.4 });
  const report = await quality.check();
  expect(report.models).toMatchObject([
    { model: "small", service: "openrouter", calls: 200, referenceCalls: 400, status: "critical" },
  ]);
  await quality.check();
  const [alert, ...others] = await quality.alerts();
  expect(others).toEqual([]);
  expect(alert).toMatchObject({ server: "ai", kind: "drift", severity: "critical", state: "open" });
  expect(alert?.title).toBe("small at openrouter: error rate is worse");

  expect(await quality.acknowledge(alert?.id ?? "", "ann")).toBe(true);
  await quality.check();
  expect(await quality.alerts()).toMatchObject([{ id: alert?.id, state: "acknowledged", stateBy: "ann" }]);

  await clock.advance(26 * hourMs);
  await makeCalls("later", 200, { hoursAgo: 1, failing: 0.02 });
  expect((await quality.check()).models[0]?.status).not.toBe("critical");
  expect(await quality.alerts()).toEqual([]);
});

test("callers' own mistakes, evaluations and answers from the cache are not the model's", async () => {
  await makeCalls("before", 100, { hoursAgo: 30, failing: 0 });
  await makeCalls("now", 100, { hoursAgo: 1, failing: 0 });
  await makeCalls("mistakes", 100, { hoursAgo: 2, failing: 0 }, { outcome: "error", errorKind: "invalid_input" });
  await makeCalls(
    "own",
    100,
    { hoursAgo: 2, failing: 0 },
    { origin: "internal", outcome: "error", errorKind: "upstream" },
  );
  await makeCalls("cached", 100, { hoursAgo: 2, failing: 0 }, { cache: "hit" });
  const { models } = await quality.check();
  expect(models[0]).toMatchObject({ calls: 200 });
  expect(models[0]?.measures.find(({ name }) => name === "error_rate")).toMatchObject({
    current: 0,
    verdict: "steady",
  });
  expect(await quality.alerts()).toEqual([]);
});

test("a look at other periods, or at one model, touches no alert", async () => {
  await makeCalls("before", 200, { hoursAgo: 30, failing: 0.01 });
  await makeCalls("now", 200, { hoursAgo: 1, failing: 0.5 });
  expect((await quality.check({ windowMs: 12 * hourMs })).models[0]?.status).toBe("critical");
  expect((await quality.check({ model: "small" })).models).toHaveLength(1);
  expect((await quality.check({ model: "none" })).models).toEqual([]);
  expect(await quality.alerts()).toEqual([]);
});

test("what people thought counts where it was said of that model", async () => {
  await makeCalls("before", 60, { hoursAgo: 30, failing: 0 });
  await makeCalls("now", 60, { hoursAgo: 1, failing: 0 });
  for (let index = 0; index < 40; index += 1) {
    const said = { name: "feedback", kind: "human" as const, author: "c1" };
    await traces.annotate({
      ...said,
      requestId: `before-${index}`,
      at: clock.now() - 30 * hourMs,
      score: index % 4 === 0 ? 0 : 1,
    });
    await traces.annotate({
      ...said,
      requestId: `now-${index}`,
      at: clock.now() - hourMs,
      score: index % 4 === 0 ? 1 : 0,
    });
  }
  const { models } = await quality.check();
  expect(models[0]?.measures.find(({ name }) => name === "feedback_score")).toMatchObject({
    reference: 0.75,
    current: 0.25,
    verdict: "worse",
  });
});
