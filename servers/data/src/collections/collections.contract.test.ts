import { systemClock } from "@sophia/core/limits/clock";
import type { Engine } from "@sophia/core/store/store";
import { startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { startApifySimulator } from "@sophia/simulators/apify/simulator";
import { startPhantombusterSimulator } from "@sophia/simulators/phantombuster/simulator";
import { startTavilySimulator } from "@sophia/simulators/tavily/simulator";
import { documents as corpus } from "@sophia/simulators/web-corpus/corpus";
import { startZenRowsSimulator } from "@sophia/simulators/zenrows/simulator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CollectionSpec } from "./collection-spec.ts";
import {
  type CollectionWorld,
  createFastClock,
  openCollectionWorld,
  type VendorAddresses,
} from "./testing/collection-world.ts";

const signal = new AbortController().signal;
const apiKey = "simulated";
const spec = (input: unknown) => CollectionSpec.parse(input);
const urls = (count: number): string[] => Array.from({ length: count }, (_, index) => `https://example.com/${index}`);
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function runToEnd({ collections, jobs }: CollectionWorld, id: string, caller = "ann") {
  jobs.start();
  await collections.wait(id, { forMs: 60_000, signal, onProgress: () => {} });
  return await collections.report(id, caller);
}

describe.each<Engine>(["sqlite", "postgres"])("collections on %s", (engine) => {
  let engines: StoreEngine | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
  });
  afterAll(() => engines?.stop());

  async function open(options: { addresses?: VendorAddresses; pageMs?: number } = {}): Promise<CollectionWorld> {
    if (!engines) throw new Error("no store");
    const place = await engines.createPlace();
    const world = await openCollectionWorld({ place, clock: systemClock, addresses: {}, ...options });
    closing.push(world.close);
    return world;
  }

  test("reads pages once each, lists what it found page by page, and is the caller's own", async ({ skip }) => {
    skip(!engines, `no ${engine} on this machine`);
    const world = await open();
    const { collections } = world;
    const wanted = spec({ sources: [{ source: "pages", urls: [...urls(12), ...urls(12)] }], name: "twelve" });
    expect(collections.plan(wanted)).toMatchObject({ items: 12, mostUsd: 0, needsApproval: false });
    const id = await collections.start({ spec: wanted, caller: "ann" });
    const report = await runToEnd(world, id);
    expect(report).toMatchObject({ name: "twelve", state: "done", items: 12, done: 12, costUsd: 0, failures: [] });
    expect(report.bySource).toEqual([{ source: "pages", states: { done: 12 }, documents: 12, costUsd: 0 }]);
    const first = await collections.documents(id, { offset: 0, limit: 10 });
    const rest = await collections.documents(id, { offset: 10, limit: 10 });
    expect(new Set([...first, ...rest].map(({ url }) => url))).toEqual(new Set(urls(12)));
    expect(first[0]).toMatchObject({ state: "new", source: "pages" });
    await expect(collections.report(id, "bob")).rejects.toMatchObject({ kind: "not_found" });
    expect((await collections.list("ann", 10)).map((row) => row.id)).toEqual([id]);
  });

  test("pauses between items and goes on where it stood; aborted, it begins nothing more", async ({ skip }) => {
    skip(!engines, `no ${engine} on this machine`);
    const world = await open({ pageMs: 30 });
    const { collections, jobs } = world;
    const wanted = spec({ sources: [{ source: "pages", urls: urls(60) }] });
    const id = await collections.start({ spec: wanted, caller: "ann" });
    jobs.start();
    await expect.poll(async () => (await collections.report(id, "ann")).done, { interval: 10 }).toBeGreaterThan(4);
    await collections.control(id, "ann", "pause");
    await expect(collections.control(id, "ann", "pause")).rejects.toMatchObject({ kind: "invalid_input" });
    const [job] = await jobs.list({ kind: "data.collect" });
    await expect.poll(async () => (await jobs.get(job?.id ?? ""))?.state).toBe("succeeded");
    const paused = await collections.report(id, "ann");
    expect(paused).toMatchObject({ state: "paused" });
    expect(paused.done).toBeLessThan(60);
    await collections.control(id, "ann", "resume");
    await expect
      .poll(async () => (await collections.report(id, "ann")).done, { interval: 10 })
      .toBeGreaterThan(paused.done + 3);
    await collections.control(id, "ann", "abort");
    await expect.poll(async () => (await collections.report(id, "ann")).bySource[0]?.states.waiting ?? 0).toBe(0);
    const aborted = await collections.report(id, "ann");
    expect(aborted).toMatchObject({
      state: "aborted",
      failures: [{ state: "skipped", message: "The collection was aborted." }],
    });
    await expect(collections.control(id, "ann", "resume")).rejects.toMatchObject({ kind: "invalid_input" });
  });

  test("a budget of the service, of the caller or of the collection refuses before anything is sent", async ({
    skip,
  }) => {
    skip(!engines, `no ${engine} on this machine`);
    const tavily = await startTavilySimulator({ apiKey, latency: { scale: 0 }, requestsPerMinute: 6_000 });
    closing.push(tavily.close);
    const world = await open({ addresses: { tavily: tavily.url } });
    const { collections, dataBudgets } = world;
    const searches = (from: number, budgetUsd = 1) =>
      spec({ sources: [{ source: "tavily", queries: urls(5).map((url) => `${url} ${from}`) }], budgetUsd });
    const ended = async (wanted: ReturnType<typeof spec>) =>
      await runToEnd(world, await collections.start({ spec: wanted, caller: "ann" }));
    // One search costs 0.008 USD.
    expect(await ended(searches(1, 0.025))).toMatchObject({
      costUsd: 0.024,
      bySource: [{ states: { done: 3, skipped: 2 } }],
    });
    await dataBudgets.set({ scope: "service", name: "tavily", usdPerMonth: 0.041 });
    expect(await ended(searches(2))).toMatchObject({ bySource: [{ states: { done: 2, skipped: 3 } }] });
    await dataBudgets.set({ scope: "service", name: "tavily", usdPerMonth: null });
    await dataBudgets.set({ scope: "caller", name: "ann", usdPerMonth: 0.049 });
    const last = await ended(searches(3));
    expect(last.bySource[0]?.states).toEqual({ done: 1, skipped: 4 });
    expect(last.failures[0]).toMatchObject({ state: "skipped", count: 4 });
    expect(tavily.calls().filter(({ path }) => path === "/search")).toHaveLength(6);
    expect(await dataBudgets.list()).toMatchObject([
      { scope: "caller", name: "ann", usdPerMonth: 0.049, spentUsd: 0.048 },
    ]);
  });
});

test("five kinds of sources side by side: each start is one, documents are kept, the ledger has the vendors' own figures", async () => {
  const factor = 10;
  const sinceMs = Date.now();
  const clock = createFastClock(factor, sinceMs);
  const engines = await startEngine("sqlite");
  if (!engines) throw new Error("no SQLite");
  closing.push(engines.stop);
  const apify = await startApifySimulator({ apiKey, clock, latency: { medianMs: 3_000, sigma: 0.1 } });
  const phantombuster = await startPhantombusterSimulator({ apiKey, clock, latency: { medianMs: 3_000 } });
  const tavily = await startTavilySimulator({ apiKey, clock });
  const zenrows = await startZenRowsSimulator({ apiKey, clock });
  closing.push(apify.close, phantombuster.close, tavily.close, zenrows.close);
  const addresses = { apify: apify.url, phantombuster: phantombuster.url, tavily: tavily.url, zenrows: zenrows.url };
  const world = await openCollectionWorld({ place: await engines.createPlace(), clock, addresses });
  closing.push(world.close);
  const { collections, ledger } = world;
  const page = corpus[0]?.url ?? "";
  const wanted = spec({
    sources: [
      { source: "pages", urls: urls(3) },
      { source: "tavily", queries: corpus.slice(0, 2).map(({ title }) => title) },
      { source: "zenrows", urls: [page, "https://no-such-page.example/x"] },
      {
        source: "apify",
        actor: "apify~website-content-crawler",
        inputs: [{ startUrls: [{ url: page }] }],
        maxRunUsd: 1,
      },
      { source: "phantombuster", agentId: "7000000000000001", inputs: [{ profileUrls: [page] }] },
    ],
    budgetUsd: 10,
  });
  expect(collections.plan(wanted)).toMatchObject({ items: 9, needsApproval: true });
  const id = await collections.start({ spec: wanted, caller: "ann" });
  const report = await runToEnd(world, id);
  const states = Object.fromEntries(report.bySource.map(({ source, states: each }) => [source, each]));
  expect(states).toEqual({
    pages: { done: 3 },
    tavily: { done: 2 },
    zenrows: { done: 1, failed: 1 },
    apify: { done: 1 },
    phantombuster: { done: 1 },
  });
  expect([apify.runCount(), phantombuster.launchCount()]).toEqual([1, 1]);
  expect(report.bySource.filter(({ documents }) => documents === 0)).toEqual([]);
  const totals = await ledger.totals({ groupBy: "service" });
  expect(totals.map(({ group }) => group).toSorted()).toEqual(["apify", "phantombuster", "tavily", "zenrows"]);
  expect(totals.reduce((sum, { costUsd }) => sum + costUsd, 0)).toBeCloseTo(report.costUsd, 9);
  const byTavily = totals.find(({ group }) => group === "tavily");
  expect(byTavily).toMatchObject({ quantity: 2, costUsd: 0.016 });
  const [document] = (await collections.documents(id, { offset: 0, limit: 50 })).filter(
    ({ source }) => source === "apify",
  );
  expect((await world.documents.get(document?.documentId ?? ""))?.source).toBe("apify");
});

test("a collection that a crash left with nobody is found and goes on", async () => {
  const engines = await startEngine("sqlite");
  if (!engines) throw new Error("no SQLite");
  closing.push(engines.stop);
  const world = await openCollectionWorld({ place: await engines.createPlace(), clock: systemClock, addresses: {} });
  closing.push(world.close);
  const { collections, store, jobs } = world;
  const id = await collections.start({ spec: spec({ sources: [{ source: "pages", urls: urls(3) }] }), caller: "ann" });
  // As after a crash between the two writes.
  await store.db.updateTable("data_collections").set({ job_id: null }).execute();
  await store.db.deleteFrom("jobs").execute();
  await store.db.updateTable("schedules").set({ next_run_at: 1 }).execute();
  jobs.start();
  await expect.poll(async () => (await collections.report(id, "ann")).state, { timeout: 5_000 }).toBe("done");
});

test("what no vendor may be sent is refused before anything is begun, and so is a source that is not there", async () => {
  const engines = await startEngine("sqlite");
  if (!engines) throw new Error("no SQLite");
  closing.push(engines.stop);
  const world = await openCollectionWorld({
    place: await engines.createPlace(),
    clock: systemClock,
    addresses: { zenrows: "http://127.0.0.1:9", apify: "http://127.0.0.1:9" },
  });
  closing.push(world.close);
  const plan = (input: unknown) => () => world.collections.plan(spec(input));
  for (const url of ["http://127.0.0.1/", "http://169.254.169.254/latest", "http://[::1]/", "http://10.1.2.3/"]) {
    expect(plan({ sources: [{ source: "zenrows", urls: [url] }] }), url).toThrow();
  }
  const apify = { source: "apify", actor: "a~b", inputs: [{ startUrls: [{ url: "http://127.0.0.1/" }] }] };
  expect(plan({ sources: [apify] }), "inside the input of an Actor").toThrow(/private|address/i);
  expect(plan({ sources: [{ source: "tavily", queries: ["x"] }] })).toThrow(/not set up/);
});
