import { startEngine } from "@sophia/core/testing/store-engines";
import { startPhantombusterSimulator } from "@sophia/simulators/phantombuster/simulator";
import { startTavilySimulator } from "@sophia/simulators/tavily/simulator";
import { documents as corpus } from "@sophia/simulators/web-corpus/corpus";
import { startZenRowsSimulator } from "@sophia/simulators/zenrows/simulator";
import { expect, test } from "vitest";
import { CollectionSpec } from "./collection-spec.ts";
import { createFastClock, openCollectionWorld } from "./testing/collection-world.ts";
import { runUnderKills } from "./testing/kill-collection.ts";

const apiKey = "simulated";
const factor = 10;

/** `pnpm bench collect --kills 20` does the same on 500 items. */
test("killed at random, a collection ends with every item once, no start or request twice, and costs that add up", async () => {
  const sinceMs = Date.now();
  const clock = createFastClock(factor, sinceMs);
  const engines = await startEngine("sqlite");
  if (!engines) throw new Error("no SQLite");
  const tavily = await startTavilySimulator({ apiKey, clock, requestsPerMinute: 60_000 });
  const zenrows = await startZenRowsSimulator({ apiKey, clock, latency: { medianMs: 1_000 } });
  const phantombuster = await startPhantombusterSimulator({ apiKey, clock, latency: { medianMs: 2_000 } });
  const addresses = { tavily: tavily.url, zenrows: zenrows.url, phantombuster: phantombuster.url };
  const place = await engines.createPlace();
  const spec = CollectionSpec.parse({
    sources: [
      { source: "pages", urls: Array.from({ length: 60 }, (_, index) => `https://example.com/${index}`) },
      { source: "tavily", queries: Array.from({ length: 40 }, (_, index) => `question ${index}`) },
      { source: "zenrows", urls: corpus.slice(0, 20).map(({ url }) => url) },
      { source: "phantombuster", agentId: "7000000000000001", inputs: [{ page: 1 }, { page: 2 }, { page: 3 }] },
    ],
    budgetUsd: 10,
  });
  const before = await openCollectionWorld({ place, clock, addresses });
  const id = await before.collections.start({ spec, caller: "ann" });
  await before.close();
  const killed = await runUnderKills({ place, addresses, factor, sinceMs, kills: 4, random: Math.random, mostMs: 500 });
  expect(killed).toBeGreaterThan(0);

  const world = await openCollectionWorld({ place, clock, addresses });
  const report = await world.collections.report(id, "ann");
  expect(report).toMatchObject({ state: "done", done: report.items });
  const states = (source: string) => report.bySource.find((part) => part.source === source)?.states ?? {};
  // What is free is simply read again.
  expect(states("pages")).toEqual({ done: 60 });
  const searches = tavily.calls().filter(({ path }) => path === "/search");
  const queries = searches.map(({ body }) => (body as { query: string }).query);
  expect(new Set(queries).size, "a search was sent twice").toBe(queries.length);
  expect((states("tavily").done ?? 0) + (states("tavily").unknown ?? 0)).toBe(40);
  expect((states("zenrows").done ?? 0) + (states("zenrows").unknown ?? 0) + (states("zenrows").failed ?? 0)).toBe(20);
  expect(phantombuster.launchCount()).toBeLessThanOrEqual(3);
  expect((states("phantombuster").done ?? 0) + (states("phantombuster").unknown ?? 0)).toBe(3);
  const totals = await world.ledger.totals({});
  expect(totals[0]?.costUsd).toBeCloseTo(report.costUsd, 9);
  // Nothing that a vendor has billed is missing: what was lost counts at its estimate.
  expect(report.costUsd).toBeGreaterThanOrEqual(searches.length * 0.008 - 1e-9);
  await world.close();
  await Promise.all([tavily.close(), zenrows.close(), phantombuster.close(), engines.stop()]);
}, 60_000);
