import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { startTavilySimulator, type TavilySimulator } from "@sophia/simulators/tavily/simulator";
import { documents } from "@sophia/simulators/web-corpus/corpus";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTavilyClient, type TavilyClient } from "./client.ts";
import { tavilyCorrections } from "./testing/corrections.ts";
import { driveTavilyClient } from "./testing/drive-client.ts";

const apiKey = "tvly-simulatedsimulatedsimulated";
const { signal } = new AbortController();
let simulator: TavilySimulator;
let recorder: Recorder;
let client: TavilyClient;

beforeAll(async () => {
  simulator = await startTavilySimulator({ seed: 3, apiKey, latency: { scale: 0.01 } });
  recorder = await startRecorder(simulator.url);
  client = createTavilyClient({
    apiKey: new Secret(apiKey),
    projectId: "sophia-tests",
    baseUrl: recorder.url,
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
});
afterAll(async () => {
  await client.close();
  await recorder.close();
  await simulator.close();
});

test("every operation of the client holds", async () => {
  await driveTavilyClient(client, signal);
  expect(simulator.calls().every(({ projectId }) => projectId === "sophia-tests")).toBe(true);
});

test("a search tells what it cost", async () => {
  const { title = "" } = documents[0] ?? {};
  const { results, answer, cost } = await client.search({ query: title, maxResults: 3 }, signal);
  expect(results).toHaveLength(3);
  expect(results[0]).toMatchObject({ title, rawContent: null, publishedDate: null });
  expect(answer).toBeNull();
  expect(cost).toEqual({ credits: 1, costUsd: 0.008, kind: "actual" });
  const dear = await client.search({ query: title, depth: "advanced", topic: "news" }, signal);
  expect(dear.cost.costUsd).toBe(0.016);
  expect(dear.results[0]?.publishedDate).toMatch(/GMT$/);
});

test("pages cost nothing until a group of five is full, and the sum is right", async () => {
  const fresh = await startTavilySimulator({ apiKey, latency: { scale: 0.001 } });
  const own = createTavilyClient({
    apiKey: new Secret(apiKey),
    baseUrl: fresh.url,
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
  const urls = documents.slice(0, 12).map(({ url }) => url);
  const costs: number[] = [];
  for (let at = 0; at < 12; at += 2) {
    const { cost } = await own.extract({ urls: [...urls.slice(at, at + 2), "https://missing.example/x"] }, signal);
    costs.push(cost.credits);
  }
  expect(costs).toEqual([0, 0, 1, 0, 1, 0]);
  expect((await own.getUsage(signal)).plan).toEqual({ name: "Simulated", used: 2, limit: 1_000 });
  await own.close();
  await fresh.close();
});

test("what could not be read is told, though the answer is a 200", async () => {
  simulator.faults.set({ kind: "failed_results" }, { route: /extract/ });
  const urls = documents.slice(0, 3).map(({ url }) => url);
  const { pages, failed } = await client.extract({ urls }, signal);
  expect(pages.map(({ url }) => url)).toEqual([urls[1]]);
  expect(failed).toEqual([urls[0], urls[2]]);
});

test("a site is mapped and crawled within its pages", async () => {
  const { urls } = await client.map({ url: "https://northdesk.example", maxPages: 4 }, signal);
  expect(urls).toHaveLength(4);
  const { pages, cost } = await client.crawl({ url: "https://northdesk.example", maxPages: 6 }, signal);
  expect(pages).toHaveLength(6);
  expect(pages[0]?.content).toMatch(/^# /);
  expect(cost.kind).toBe("actual");
});

test("research that has not ended can be waited for again, and one that failed says so", async () => {
  simulator.faults.set({ kind: "research_fails" }, { route: /POST .research/ });
  const failing = await client.startResearch({ input: "a", model: "mini" }, signal);
  expect((await client.getResearch(failing, signal)).status).toMatch(/^(pending|in_progress)$/);
  expect((await client.waitForResearch(failing, { waitMs: 0, signal })).status).not.toBe("completed");
  expect(await client.waitForResearch(failing, { waitMs: 20_000, signal })).toEqual({ status: "failed" });
  await expect(client.getResearch({ id: "none" }, signal)).rejects.toMatchObject({ kind: "not_found" });
});

const file = findSpecification("tavily-openapi.json");
test.skipIf(file === undefined)("agrees with the vendor's specification, both ways", () => {
  const specification = loadSpecification(file ?? "", tavilyCorrections);
  expect(recorder.exchanges().flatMap((exchange) => specification.check(exchange))).toEqual([]);
  expect(specification.seen()).toEqual([
    "GET /research/{request_id}",
    "GET /usage",
    "POST /crawl",
    "POST /extract",
    "POST /map",
    "POST /research",
    "POST /search",
  ]);
});
