import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { createRandom } from "@sophia/core/statistics/seeded-random";
import { startEngine, type StorePlace } from "@sophia/core/testing/store-engines";
import { documents as corpus } from "@sophia/simulators/web-corpus/corpus";
import { CollectionSpec } from "../../src/collections/collection-spec.ts";
import {
  type CollectionWorld,
  createFastClock,
  openCollectionWorld,
  type VendorAddresses,
} from "../../src/collections/testing/collection-world.ts";
import { agentIds, type SimulatedVendors, startVendors } from "./lanes.ts";

export interface KillTask {
  place: StorePlace;
  addresses: VendorAddresses;
  factor: number;
  sinceMs: number;
}

export interface KillReport {
  items: number;
  kills: number;
  states: Record<string, number>;
  /** Items that are not over, or there twice. */
  missing: number;
  /** Requests, starts and launches that a vendor got twice for one item. */
  sentTwice: number;
  /** Ledger and collection, USD: equal. */
  ledgerUsd: number;
  collectionUsd: number;
  /** What the vendors count; the ledger's is never below it, and above it by items whose answer was lost. */
  vendorCredits: { tavily: number; zenrows: number };
  ledgerCredits: { tavily: number; zenrows: number };
}

const caller = "bench";
const longestLifeMs = 800;

/** A collection whose process is killed at random moments, and what the books of both sides say at its end. */
export async function runUnderKills(options: {
  items: number;
  kills: number;
  factor: number;
  seed: number;
}): Promise<KillReport> {
  const { items, kills, factor, seed } = options;
  const sinceMs = Date.now();
  const clock = createFastClock(factor, sinceMs);
  const engine = await startEngine("sqlite");
  if (!engine) throw new Error("SQLite could not be opened.");
  const vendors = await startVendors({ clock, seed });
  const task: KillTask = { place: await engine.createPlace(), addresses: vendors.addresses, factor, sinceMs };
  const before = await openCollectionWorld({ ...task, clock });
  const id = await before.collections.start({ spec: makeSpec(items), caller });
  await before.close();
  const killed = await killAgain(task, kills, createRandom(seed));
  const world = await openCollectionWorld({ ...task, clock });
  const report = await readBooks(world, vendors, id);
  await world.close();
  await vendors.close();
  await engine.stop();
  return { ...report, kills: killed };
}

/** How often it was killed; the last process comes to the end. */
async function killAgain(task: KillTask, kills: number, random: () => number): Promise<number> {
  for (let killed = 0; ; killed += 1) {
    const child = fork(new URL("./kill-child.ts", import.meta.url));
    const ended = once(child, "exit");
    child.send(task);
    await Promise.race([once(child, "message"), ended]);
    if (killed < kills) await Promise.race([ended, delay(random() * longestLifeMs)]);
    else await ended;
    if (child.exitCode === 0) return killed;
    if (child.exitCode !== null) throw new Error("The process that collects has failed.");
    child.kill("SIGKILL");
    await ended;
  }
}

/** Half pages, the rest for the vendors. */
function makeSpec(items: number): CollectionSpec {
  const share = (part: number): number[] => Array.from({ length: Math.round(items * part) }, (_, index) => index);
  const launches = share(0.02);
  return CollectionSpec.parse({
    sources: [
      { source: "pages", urls: share(0.5).map((index) => `https://site-${index}.example/`) },
      { source: "tavily", queries: share(0.3).map((index) => `harbour question ${index}`) },
      { source: "zenrows", urls: corpus.slice(0, share(0.12).length).map(({ url }) => url) },
      {
        source: "apify",
        actor: "apify~website-content-crawler",
        inputs: share(0.06).map((index) => ({ startUrls: [{ url: corpus[index]?.url }], number: index })),
        maxRunUsd: 1,
      },
      ...agentIds.map((agentId, agent) => ({
        source: "phantombuster",
        agentId,
        inputs: launches.filter((index) => index % agentIds.length === agent).map((index) => ({ number: index })),
      })),
    ],
    budgetUsd: 1_000,
    deadlineMinutes: 1_440,
  });
}

async function readBooks(
  { store, ledger, collections }: CollectionWorld,
  { tavily, zenrows, apify, phantombuster }: SimulatedVendors,
  id: string,
): Promise<Omit<KillReport, "kills">> {
  const rows = await store.db.selectFrom("data_collection_tasks").selectAll().execute();
  const states: Record<string, number> = {};
  for (const { state } of rows) states[state] = (states[state] ?? 0) + 1;
  const open = rows.filter(({ state }) => ["waiting", "started", "received"].includes(state)).length;
  const twice = rows.length - new Set(rows.map(({ item_key: key }) => key)).size;
  const count = (source: string): number => rows.filter((row) => row.source === source).length;
  const queries = tavily
    .calls()
    .filter(({ path }) => path === "/search")
    .map(({ body }) => JSON.stringify(body));
  const sentTwice =
    queries.length -
    new Set(queries).size +
    Math.max(0, apify.runCount() - count("apify")) +
    Math.max(0, phantombuster.launchCount() - count("phantombuster"));
  const totals = await ledger.totals({ groupBy: "service" });
  const creditsOf = (service: string): number => totals.find(({ group }) => group === service)?.quantity ?? 0;
  return {
    items: rows.length,
    states,
    missing: open + twice,
    sentTwice,
    ledgerUsd: totals.reduce((sum, { costUsd }) => sum + costUsd, 0),
    collectionUsd: (await collections.report(id, caller)).costUsd,
    vendorCredits: { tavily: queries.length, zenrows: zenrows.creditsUsed() },
    ledgerCredits: { tavily: creditsOf("tavily"), zenrows: creditsOf("zenrows") },
  };
}
