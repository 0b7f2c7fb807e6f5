import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { startTavilySimulator, type TavilySimulator } from "@sophia/simulators/tavily/simulator";
import { documents } from "@sophia/simulators/web-corpus/corpus";
import { tavily, type TavilyClient } from "@tavily/core";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tavilyCorrections } from "./testing/corrections.ts";

const apiKey = "tvly-simulatedsimulatedsimulated";
const file = findSpecification("tavily-openapi.json");
let simulator: TavilySimulator;
let recorder: Recorder;
let sdk: TavilyClient;

beforeAll(async () => {
  simulator = await startTavilySimulator({ seed: 5, apiKey, latency: { scale: 0.01 } });
  recorder = await startRecorder(simulator.url);
  sdk = tavily({ apiKey, apiBaseURL: recorder.url });
});
afterAll(async () => {
  await recorder.close();
  await simulator.close();
});

test("searches", async () => {
  const query = documents[1]?.title ?? "";
  const found = await sdk.search(query, {
    maxResults: 3,
    includeAnswer: true,
    includeRawContent: "text",
    includeUsage: true,
  });
  expect(found.results).toHaveLength(3);
  expect(found.results[0]).toMatchObject({
    title: expect.any(String),
    score: expect.any(Number),
    rawContent: expect.any(String),
  });
  expect(found.answer).toContain("Simulated answer");
  expect(found.usage).toEqual({ credits: 1 });
  expect(found.responseTime).toBeTypeOf("number");
});

test("reads pages, and tells which ones failed", async () => {
  const read = await sdk.extract([documents[0]?.url ?? "", "https://missing.example/"], { format: "markdown" });
  expect(read.results.map(({ url }) => url)).toEqual([documents[0]?.url]);
  expect(read.failedResults.map(({ url }) => url)).toEqual(["https://missing.example/"]);
});

test("maps and crawls a site", async () => {
  const mapped = await sdk.map("https://tradewire.example", { limit: 5 });
  expect(mapped.results).toHaveLength(5);
  const crawled = await sdk.crawl("https://tradewire.example", { limit: 3, maxDepth: 2 });
  expect(crawled.results.every(({ rawContent }) => rawContent.length > 100)).toBe(true);
});

test("starts a research and asks until it has ended", async () => {
  const started = await sdk.research("What is new?", { model: "mini" });
  if (!("requestId" in started)) throw new Error("a stream came");
  let report = await sdk.getResearch(started.requestId);
  for (let asked = 0; report.status !== "completed" && asked < 100; asked++) {
    expect(report.status).toMatch(/^(pending|in_progress)$/);
    await delay(50);
    report = await sdk.getResearch(started.requestId);
  }
  expect(report).toMatchObject({ status: "completed", content: expect.stringContaining("Simulated report") });
});

test("understands the refusals, as far as it tells them apart", async () => {
  // A plain Error with the vendor's text: whatever the status was, it is gone.
  const other = tavily({ apiKey: "tvly-other", apiBaseURL: simulator.url });
  await expect(other.search("a")).rejects.toThrow("VENDOR TEXT: simulated refusal");
  const keyless = tavily({ apiBaseURL: simulator.url });
  await expect(keyless.search("a")).rejects.toMatchObject({ name: "TavilyKeylessLimitError", retryAfter: 3_600 });
});

test.skipIf(file === undefined)("agrees with the vendor's specification, both ways", () => {
  // What its client adds is in no page.
  const headers = [...(tavilyCorrections.headers ?? []), "x-client-source"];
  const specification = loadSpecification(file ?? "", { ...tavilyCorrections, headers });
  expect(recorder.exchanges().flatMap((exchange) => specification.check(exchange))).toEqual([]);
  expect(specification.seen()).toHaveLength(6);
});
