import type { Clock } from "@sophia/core/limits/clock";
import { startApifySimulator } from "@sophia/simulators/apify/simulator";
import { startPhantombusterSimulator } from "@sophia/simulators/phantombuster/simulator";
import { startTavilySimulator } from "@sophia/simulators/tavily/simulator";
import { documents as corpus } from "@sophia/simulators/web-corpus/corpus";
import { startZenRowsSimulator } from "@sophia/simulators/zenrows/simulator";
import { CollectionSpec } from "../../src/collections/collection-spec.ts";

const apiKey = "simulated";
/** Medians of reference 3.4, ms; ZenRows, Tavily, Apify and PhantomBuster have them as their simulators' defaults. */
export const directMs = 400;
export const agentIds = ["7000000000000001", "7000000000000002", "7000000000000003"];

/** The four vendors, simulated on this machine by the given clock, and their books. */
export async function startVendors(options: { clock: Clock; seed: number; scale?: number }) {
  const { clock, seed, scale = 1 } = options;
  const common = { apiKey, clock, seed, latency: { scale } };
  const [tavily, zenrows, apify, phantombuster] = await Promise.all([
    startTavilySimulator({ ...common, requestsPerMinute: 60_000 }),
    startZenRowsSimulator(common),
    startApifySimulator(common),
    startPhantombusterSimulator({ ...common, plan: { parallelism: 3, dailyExecutionTimeMs: 86_400_000 } }),
  ]);
  return {
    addresses: { tavily: tavily.url, zenrows: zenrows.url, apify: apify.url, phantombuster: phantombuster.url },
    tavily,
    zenrows,
    apify,
    phantombuster,
    async close() {
      await Promise.all([tavily.close(), zenrows.close(), apify.close(), phantombuster.close()]);
    },
  };
}

export type SimulatedVendors = Awaited<ReturnType<typeof startVendors>>;

/** `count` items for each of the five lanes; PhantomBuster's go round its agents. */
export function askAll(count: number, from = 0): CollectionSpec {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  const urlOf = (index: number): string => corpus[index % corpus.length]?.url ?? "";
  const agents = agentIds.slice(0, count);
  return CollectionSpec.parse({
    sources: [
      { source: "pages", urls: numbers.map((index) => `https://site-${index}.example/`) },
      { source: "tavily", queries: numbers.map((index) => `harbour question ${index}`) },
      { source: "zenrows", urls: [...new Set(numbers.map(urlOf))] },
      {
        source: "apify",
        actor: "apify~website-content-crawler",
        inputs: numbers.map((index) => ({ startUrls: [{ url: urlOf(index) }] })),
        maxRunUsd: 1,
      },
      ...agents.map((agentId, agent) => ({
        source: "phantombuster",
        agentId,
        inputs: numbers
          .filter((index) => index % agents.length === agent)
          .map((index) => ({ profileUrls: [urlOf(index)], number: index })),
      })),
    ],
    budgetUsd: 1_000,
    deadlineMinutes: 1_440,
  });
}
