import { Secret } from "@sophia/core/config/secret";
import { type Clock, systemClock } from "@sophia/core/limits/clock";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { type ApifySimulator, startApifySimulator } from "@sophia/simulators/apify/simulator";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ApifyClient, createApifyClient } from "./client.ts";
import type { ApifyRun } from "./run.ts";
import { crawlerInput, driveApifyClient } from "./testing/drive-client.ts";

const apiKey = "apify_api_simulatedsimulatedsimulatedsi";
const { signal } = new AbortController();
let shiftMs = 0;
// Both sides leap over the seconds until a cost is settled.
const clock: Clock = {
  ...systemClock,
  now: () => Date.now() + shiftMs,
  async sleep(ms, stop) {
    if (ms < 5_000 || ms > 10_000) return await systemClock.sleep(ms, stop);
    shiftMs += ms;
  },
};
let simulator: ApifySimulator;
let recorder: Recorder;
let client: ApifyClient;

beforeAll(async () => {
  simulator = await startApifySimulator({ seed: 3, apiKey, clock, latency: { medianMs: 15_000, scale: 0.01 } });
  recorder = await startRecorder(simulator.url);
  const log = pino({ level: "silent" });
  client = createApifyClient({ apiKey: new Secret(apiKey), baseUrl: recorder.url, log, clock });
});
afterAll(async () => {
  await client.close();
  await recorder.close();
  await simulator.close();
});

let tags = 0;
async function start(actor: string, input: object, options: object = {}): Promise<ApifyRun> {
  const common = { target: { actor }, input: { ...input }, tag: `contract-${++tags}`, timeoutSecs: 3_600 };
  const started = await client.startRun({ ...common, ...options }, signal);
  if (started.outcome !== "started") throw new Error("the run was not started");
  return started.run;
}

async function finish(run: ApifyRun): Promise<ApifyRun> {
  return await client.waitForRun(run.id, { waitMs: 20_000, signal });
}

test("every operation of the client holds", async () => {
  await driveApifyClient(client, signal);
});

test("an Actor is found, described with its input's schema and its price, and its input checked before a start", async () => {
  const { actors } = await client.searchActors({ search: "google", limit: 5 }, signal);
  expect(actors.map(({ name }) => name)).toEqual(["apify~google-search-scraper"]);
  const details = await client.getActor("apify~google-search-scraper", signal);
  expect(details.inputSchema).toMatchObject({ properties: { queries: { type: "string" } }, required: ["queries"] });
  expect(details.pricing).toMatchObject({ pricingModel: "PAY_PER_EVENT", minimalMaxTotalChargeUsd: 0.01 });
  expect(await client.validateInput("apify~google-search-scraper", { queries: "a" }, signal)).toBe(true);
  expect(await client.validateInput("apify~google-search-scraper", {}, signal)).toBe(false);
  await expect(client.getActor("apify~none", signal)).rejects.toMatchObject({ kind: "not_found", service: "apify" });
});

test("a run goes from its start to its items, its log and its cost", async () => {
  const begun = await start("apify~website-content-crawler", crawlerInput);
  expect(begun).toMatchObject({ isFinal: false, memoryMbytes: 4_096, userAgent: `sophia run/contract-${tags}` });
  const ended = await finish(begun);
  expect(ended).toMatchObject({ status: "SUCCEEDED", isFinal: true, exitCode: 0 });
  const early = ended.costUsd ?? 0;
  const settled = await client.settleCost(ended, signal);
  expect(settled.kind).toBe("actual");
  expect(settled.costUsd).toBeGreaterThan(early);
  const { items, total } = await client.listItems(ended.datasetId, { limit: 10 }, signal);
  expect(items).toHaveLength(5);
  expect(total).toBe(5);
  expect(items[0]).toMatchObject({ url: expect.stringContaining("tradewire"), text: expect.any(String) });
  expect((await client.readLog(ended.id, { maxBytes: 60, signal })).isCut).toBe(true);
  const { fields } = await client.describeItems(ended.datasetId, signal);
  expect(fields).toContainEqual({ name: "url", types: ["string"], presentShare: 1, nullCount: 0, emptyCount: 0 });
});

test("items come page by page, with 64-bit numbers intact, and pages of clean items go on by what was looked at", async () => {
  const run = await finish(await start("simulated~press-archive", {}));
  const { items, nextOffset } = await client.listItems(
    run.datasetId,
    { limit: 7, omit: ["text"], clean: true },
    signal,
  );
  expect(items[0]?.["articleId"]).toMatch(/^16405819479794\d{6}$/);
  expect(Object.keys(items[0] ?? {})).not.toContain("#hash");
  expect(nextOffset).toBe(7);
  const all = await Array.fromAsync(client.eachItem(run.datasetId, { most: 1_000, fields: ["articleId"] }, signal));
  expect(all).toHaveLength(66);
  expect(new Set(all.map((item) => item["articleId"])).size).toBeGreaterThan(55);
  const some = await Array.fromAsync(client.eachItem(run.datasetId, { most: 3, offset: 64 }, signal));
  expect(some).toHaveLength(2);
  // Items without any of the fields are left out of a clean page, but the pages go on behind them.
  const empty = await client.listItems(run.datasetId, { limit: 7, fields: ["#hash"], clean: true }, signal);
  expect(empty).toMatchObject({ items: [], total: 66, nextOffset: 7 });
});

test("caps hold, and an abort stops the cost", async () => {
  const capped = await finish(
    await start("apify~google-search-scraper", { queries: "a\nb\nc\nd" }, { maxTotalChargeUsd: 0.01 }),
  );
  expect(capped.chargedEvents).toEqual({ "actor-start": 1, "search-page": 2 });
  const few = await finish(await start("simulated~press-archive", {}, { maxItems: 3 }));
  expect((await client.getDataset(few.datasetId, signal)).itemCount).toBe(3);
  const run = await start("apify~rag-web-browser", { query: "Energy" });
  expect((await client.abortRun(run.id, { signal })).status).toMatch(/^ABORT/);
  expect((await finish(run)).status).toBe("ABORTED");
  const late = await start(
    "apify~web-scraper",
    { startUrls: [{ url: "https://x.example" }], pageFunction: "1" },
    { timeoutSecs: 1 },
  );
  expect(await finish(late)).toMatchObject({ status: "TIMED-OUT", isFinal: true });
});

test("a key-value store is listed key by key, and an input shows no credential", async () => {
  const input = {
    ...crawlerInput,
    initialCookies: [{ name: "session", value: "s3cr3t" }],
    proxyConfiguration: { proxyUrls: ["http://user:p4ss@proxy.example:8000"] },
    apiToken: "t0ken",
  };
  const run = await start("apify~website-content-crawler", input);
  const store = run.keyValueStoreId;
  const first = await client.listKeys(store, { limit: 1 }, signal);
  expect(first).toEqual({ keys: [{ key: "INPUT", bytes: expect.any(Number) }], nextAfter: "INPUT" });
  expect((await client.listKeys(store, { limit: 1, after: "INPUT" }, signal)).nextAfter).toBeUndefined();
  const record = await client.getRecord(store, "INPUT", { maxBytes: 10_000, signal });
  expect(JSON.stringify(record)).toContain("tradewire.example");
  expect(JSON.stringify(record)).not.toMatch(/s3cr3t|p4ss|t0ken/);
  await expect(client.getRecord(store, "NONE", { maxBytes: 10, signal })).rejects.toMatchObject({ kind: "not_found" });
});

test("a task runs with its own input, and reads show no secret of the account", async () => {
  const body = JSON.stringify({
    actId: "simulated~press-archive",
    name: "weekly",
    input: { maxItems: 2, apiKey: "t0ken" },
  });
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  await fetch(`${simulator.url}/actor-tasks`, { method: "POST", body, headers });
  const task = await client.getTask("simulated~weekly", signal);
  expect(task).toMatchObject({ name: "weekly", input: { maxItems: 2, apiKey: "***" } });
  const common = { input: {}, tag: "task-run-1", timeoutSecs: 3_600 };
  const started = await client.startRun({ ...common, target: { task: task.id } }, signal);
  if (started.outcome !== "started") throw new Error("the task was not started");
  const run = await finish(started.run);
  expect(run.taskId).toBe(task.id);
  expect((await client.listItems(run.datasetId, { limit: 10 }, signal)).total).toBe(2);
  const { datasets } = await client.listDatasets({ limit: 50, unnamed: true }, signal);
  const reads = [await client.getUser(signal), datasets, await client.getKeyValueStore(run.keyValueStoreId, signal)];
  expect(JSON.stringify(reads)).not.toMatch(/password|signing|signature|example\.com/i);
  expect(await client.getLimits(signal)).toMatchObject({ maxRuns: 32, maxMemoryGbytes: 32, maxUsd: 100 });
  expect((await client.getMonthlyUsage(signal)).totalUsd).toBeGreaterThan(0);
});

const file = findSpecification("apify-v2-openapi.json");
test.skipIf(file === undefined)("agrees with the vendor's specification, both ways", () => {
  const specification = loadSpecification(file ?? "");
  expect(recorder.exchanges().flatMap((exchange) => specification.check(exchange))).toEqual([]);
  expect(specification.seen()).toEqual([
    "GET /v2/actor-runs",
    "GET /v2/actor-runs/{runId}",
    "GET /v2/actor-tasks",
    "GET /v2/actor-tasks/{actorTaskId}",
    "GET /v2/actors",
    "GET /v2/actors/{actorId}",
    "GET /v2/actors/{actorId}/builds/default",
    "GET /v2/actors/{actorId}/runs",
    "GET /v2/datasets",
    "GET /v2/datasets/{datasetId}",
    "GET /v2/datasets/{datasetId}/items",
    "GET /v2/datasets/{datasetId}/statistics",
    "GET /v2/key-value-stores",
    "GET /v2/key-value-stores/{storeId}",
    "GET /v2/key-value-stores/{storeId}/keys",
    "GET /v2/key-value-stores/{storeId}/records/{recordKey}",
    "GET /v2/logs/{buildOrRunId}",
    "GET /v2/store",
    "GET /v2/users/me",
    "GET /v2/users/me/limits",
    "GET /v2/users/me/usage/monthly",
    "POST /v2/actor-runs/{runId}/abort",
    "POST /v2/actor-tasks/{actorTaskId}/runs",
    "POST /v2/actors/{actorId}/runs",
    "POST /v2/actors/{actorId}/validate-input",
    "POST /v2/webhooks",
  ]);
});
