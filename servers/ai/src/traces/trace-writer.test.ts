import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@sophia/core/limits/clock";
import { createMetrics } from "@sophia/core/observe/metrics";
import { openStore, type Store } from "@sophia/core/store/store";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sampleCall, sampleContent } from "./testing/call-samples.ts";
import { traceMigrations, type TraceTables } from "./trace-tables.ts";
import { createTraceWriter } from "./trace-writer.ts";

let folder: string;
let store: Store<TraceTables>;
const log = pino({ level: "silent" });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sophia-traces-"));
  store = await openStore<TraceTables>({ dataDir: folder, migrations: [traceMigrations], log });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(clock: Clock, maxWaiting?: number) {
  const metrics = createMetrics({ server: "ai" });
  const filter = (text: string): string => text;
  const writer = createTraceWriter({
    store,
    clock,
    log,
    metrics,
    keep: "full",
    filter,
    ...(maxWaiting !== undefined && { maxWaiting }),
  });
  return { writer, metrics };
}

async function countRows(): Promise<number> {
  const { count } = await store.db
    .selectFrom("ai_traces")
    .select((select) => select.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

test("nothing is written while a request may be waiting, and all of it soon after", async () => {
  const clock = createVirtualClock();
  const { writer } = open(clock);
  for (let index = 0; index < 120; index += 1) writer.sink(sampleCall({ requestId: `r${index}` }), sampleContent());
  expect(await countRows()).toBe(0);
  await clock.advance(1_000);
  await writer.flush();
  expect(await countRows()).toBe(120);
});

test("beyond the bound calls are not traced, and counted", async () => {
  const { writer, metrics } = open(createVirtualClock(), 3);
  for (let index = 0; index < 5; index += 1) writer.sink(sampleCall({ requestId: `r${index}` }), sampleContent());
  await writer.flush();
  expect(await countRows()).toBe(3);
  expect(await metrics.text()).toMatch(/sophia_ai_traces_total\{outcome="dropped",server="ai"\} 2/);
});

test("of a flood a sample is kept", async () => {
  const clock = createVirtualClock();
  const { writer, metrics } = open(clock, 60);
  const tell = (name: string, count: number): void => {
    for (let index = 0; index < count; index += 1)
      writer.sink(sampleCall({ requestId: `${name}${index}` }), sampleContent());
  };
  tell("burst", 60);
  await writer.flush();
  tell("flood", 30);
  await writer.flush();
  expect(await countRows()).toBe(60);
  expect(await metrics.text()).toMatch(/outcome="sampled",server="ai"\} 30/);
  await clock.advance(200);
  tell("later", 30);
  await writer.flush();
  expect(await countRows()).toBe(70);
});

test("a store that is away loses traces, not requests", async () => {
  const { writer, metrics } = open(createVirtualClock());
  await store.db.schema.dropTable("ai_trace_contents").execute();
  writer.sink(sampleCall(), sampleContent());
  await writer.flush();
  expect(await metrics.text()).toMatch(/outcome="lost",server="ai"\} 1/);
});

test("telling of a call costs less than 20 µs", () => {
  const { writer } = open(createVirtualClock(), 100_000);
  const calls = Array.from({ length: 20_000 }, (_, index) => sampleCall({ requestId: `r${index}` }));
  const content = sampleContent();
  const startedAt = process.cpuUsage();
  for (const call of calls) writer.sink(call, content);
  const { user, system } = process.cpuUsage(startedAt);
  expect((user + system) / calls.length).toBeLessThan(20);
});
