import { AppError } from "@sophia/core/errors/app-error";
import { createJobs } from "@sophia/core/jobs/jobs";
import { createLedger } from "@sophia/core/ledger/ledger";
import type { Clock } from "@sophia/core/limits/clock";
import { silentLog as log, startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { dataMigrations } from "../documents/migrations.ts";
import { CollectionSpec } from "./collection-spec.ts";
import { createCollections } from "./collections.ts";
import { collectionMigrations } from "./migrations.ts";
import type { Harvest, LongSource, ShortSource, Source } from "./source.ts";
import type { CollectionTables } from "./tables.ts";
import { createTaskStore } from "./task-store.ts";
import { createFastClock } from "./testing/collection-world.ts";

const clock: Clock = createFastClock(20, Date.now());
const harvest: Harvest = { pages: [], quantity: 1, costUsd: 0.01, kind: "actual" };
let engine: StoreEngine | undefined;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  engine = await startEngine("sqlite");
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => engine?.stop());

async function open(...sources: Source[]) {
  if (!engine) throw new Error("no SQLite");
  const store = await engine.open<CollectionTables>(await engine.createPlace(), [dataMigrations, collectionMigrations]);
  const jobs = createJobs({ store, log, pollMs: 20 });
  closing.push(() => jobs.stop(0));
  const ledger = createLedger({ store, clock });
  const tasks = createTaskStore({ store, clock });
  const collections = createCollections({
    store,
    jobs,
    ledger,
    clock,
    log,
    tasks,
    saveFound: () => Promise.reject(new Error("nothing was found")),
    budgets: { of: async () => [] },
    sources: new Map(sources.map((source) => [source.name, source])),
    approvalUsd: 100,
  });
  const report = (id: string) => collections.report(id, "ann");
  const isOver = async (id: string) => (await report(id)).state === "done";
  return { collections, jobs, ledger, tasks, report, isOver };
}

/** A paid search that ends when it is told to. */
function heldSearch() {
  const sent: string[] = [];
  const waiting: (() => void)[] = [];
  const source: ShortSource = {
    kind: "short",
    name: "tavily",
    service: "tavily",
    mode: "live",
    unit: "credits",
    concurrency: 1,
    isRepeatable: false,
    estimate: () => ({ quantity: 1, costUsd: 0.02 }),
    async collect(item) {
      sent.push("query" in item ? item.query : "");
      await new Promise<void>((resolve) => void waiting.push(resolve));
      return harvest;
    },
  };
  return { source, sent, release: () => waiting.shift()?.() };
}

function runs(parts: Partial<LongSource>): LongSource {
  return {
    kind: "long",
    name: "apify",
    service: "apify",
    mode: "live",
    unit: "runs",
    concurrency: 2,
    pollMs: 1_000,
    estimate: () => ({ quantity: 1, costUsd: 0.02 }),
    start: async () => ({ handle: "run" }),
    find: async () => undefined,
    hasEnded: async () => true,
    read: async () => harvest,
    cost: async () => ({ quantity: 1, costUsd: 0.01, kind: "actual" }),
    stop: async () => {},
    ...parts,
  };
}

const searches = CollectionSpec.parse({ sources: [{ source: "tavily", queries: ["a", "b", "c"] }] });
const oneRun = CollectionSpec.parse({ sources: [{ source: "apify", actor: "a~b", inputs: [{}] }] });

test("resumed while an item is still on its way, that item is sent once and billed as it was", async () => {
  const { source, sent, release } = heldSearch();
  const { collections, jobs, ledger, report, isOver } = await open(source);
  const id = await collections.start({ spec: searches, caller: "ann" });
  jobs.start();
  await expect.poll(() => sent, { interval: 5 }).toEqual(["a"]);
  await collections.control(id, "ann", "pause");
  await collections.control(id, "ann", "resume");
  for (let asked = 1; asked <= 3; asked += 1) {
    await expect.poll(() => sent.length, { interval: 5 }).toBe(asked);
    release();
  }
  await expect.poll(() => isOver(id), { interval: 5 }).toBe(true);
  expect(sent).toEqual(["a", "b", "c"]);
  expect(await report(id)).toMatchObject({ costUsd: 0.03, bySource: [{ states: { done: 3 } }], failures: [] });
  expect((await ledger.totals({}))[0]).toMatchObject({ entries: 3, costUsd: 0.03, estimatedUsd: 0 });
});

test("a refusal that the vendor bills is booked at that, and one that it does not bill at nothing", async () => {
  const refuse = (cost?: AppError["cost"]) =>
    Object.assign(new AppError("not_found", "No such page."), cost !== undefined && { cost });
  const errors = [refuse({ quantity: 1, costUsd: 0.005, kind: "estimate" }), refuse(), refuse()];
  const source: ShortSource = { ...heldSearch().source, collect: () => Promise.reject(errors.shift() ?? refuse()) };
  const { collections, jobs, ledger, report, isOver } = await open(source);
  const id = await collections.start({ spec: searches, caller: "ann" });
  jobs.start();
  await expect.poll(() => isOver(id), { interval: 5 }).toBe(true);
  expect(await report(id)).toMatchObject({ costUsd: 0.005, bySource: [{ states: { failed: 3 } }] });
  expect((await ledger.totals({}))[0]).toMatchObject({ entries: 1, costUsd: 0.005, estimatedUsd: 0.005 });
});

test("what was simulated says so in the collection", async () => {
  const source: ShortSource = { ...heldSearch().source, mode: "simulated", collect: async () => harvest };
  const { collections, jobs, report, isOver } = await open(source);
  const id = await collections.start({ spec: searches, caller: "ann" });
  jobs.start();
  await expect.poll(() => isOver(id), { interval: 5 }).toBe(true);
  expect((await report(id)).bySource).toMatchObject([{ source: "tavily (simulated)", states: { done: 3 } }]);
});

test("aborted while it is paused, nothing of it is left waiting", async () => {
  const { source, sent, release } = heldSearch();
  const { collections, jobs, report } = await open(source);
  const id = await collections.start({ spec: searches, caller: "ann" });
  jobs.start();
  await expect.poll(() => sent, { interval: 5 }).toEqual(["a"]);
  await collections.control(id, "ann", "pause");
  release();
  await expect.poll(async () => (await jobs.list({ state: "running" })).length, { interval: 5 }).toBe(0);
  await collections.control(id, "ann", "abort");
  await expect.poll(async () => (await report(id)).done, { interval: 5 }).toBe(3);
  expect(await report(id)).toMatchObject({
    state: "aborted",
    costUsd: 0.01,
    bySource: [{ states: { done: 1, skipped: 2 } }],
  });
  expect(sent).toEqual(["a"]);
});

test("a vendor that takes no more runs just now is asked again, and nothing is held for what it refused", async () => {
  let tries = 0;
  const source = runs({
    async start() {
      tries += 1;
      if (tries < 3) throw new AppError("rate_limited", "Too many runs.", { service: "apify", retryAfterMs: 6_000 });
      return { handle: "run" };
    },
  });
  const { collections, jobs, ledger, report, isOver } = await open(source);
  const id = await collections.start({ spec: oneRun, caller: "ann" });
  jobs.start();
  await expect.poll(() => isOver(id), { interval: 5 }).toBe(true);
  expect(tries).toBe(3);
  expect(await report(id)).toMatchObject({ costUsd: 0.01, bySource: [{ states: { done: 1 } }] });
  expect((await ledger.totals({}))[0]).toMatchObject({ entries: 1, costUsd: 0.01 });
});

test("a run is not lost while its vendor cannot be asked", async () => {
  let looks = 0;
  let starts = 0;
  const source = runs({
    async start() {
      starts += 1;
      return { handle: "run" };
    },
    async hasEnded() {
      looks += 1;
      if (looks < 4) throw new AppError("unavailable", "Apify is down.", { service: "apify" });
      return true;
    },
  });
  const { collections, jobs, report, isOver } = await open(source);
  const id = await collections.start({ spec: oneRun, caller: "ann" });
  jobs.start();
  await expect.poll(() => isOver(id), { interval: 5 }).toBe(true);
  expect(await report(id)).toMatchObject({ costUsd: 0.01, bySource: [{ states: { done: 1 } }] });
  expect([starts, looks]).toEqual([1, 4]);
});

test("what another process has in hand is left to it", async () => {
  const { collections, tasks } = await open(heldSearch().source);
  const [task] = await tasks.open(await collections.start({ spec: searches, caller: "ann" }));
  if (!task) throw new Error("nothing to do");
  const mark = { reservation_id: null, started_at: clock.now(), mode: "live" };
  expect(await tasks.begin(task, mark)).toBe(true);
  expect(await tasks.begin(task, mark)).toBe(false);
  const begun = { ...task, ...mark, state: "started" as const };
  expect(await tasks.begin(begun, { ...mark, started_at: mark.started_at + 1 })).toBe(true);
  expect(await tasks.begin(begun, mark)).toBe(false);
});
