import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { type ApifySimulator, startApifySimulator } from "@sophia/simulators/apify/simulator";
import { ApifyApiError, ApifyClient } from "apify-client";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";

const file = findSpecification("apify-v2-openapi.json");
const token = "apify_api_simulatedsimulatedsimulatedsi";
let simulator: ApifySimulator;
let recorder: Recorder;
let sdk: ApifyClient;

beforeAll(async () => {
  simulator = await startApifySimulator({ seed: 5, apiKey: token, latency: { scale: 0.01 } });
  recorder = await startRecorder(simulator.url);
  // It adds the version to the address itself.
  const baseUrl = new URL(recorder.url).origin;
  sdk = new ApifyClient({ token, baseUrl, maxRetries: 3, minDelayBetweenRetriesMillis: 10, timeoutSecs: 20 });
});
beforeEach(() => simulator.faults.clear());
afterAll(async () => {
  await recorder.close();
  await simulator.close();
});

const input = { startUrls: [{ url: "https://plainreport.example/" }] };

test("starts a run, waits for it and reads its items", async () => {
  const run = await sdk.actor("apify/website-content-crawler").call(input, { memory: 1_024, maxItems: 3, log: null });
  expect(run).toMatchObject({ status: "SUCCEEDED", exitCode: 0 });
  expect(run.finishedAt).toBeInstanceOf(Date);
  const { items, total } = await sdk.dataset(run.defaultDatasetId).listItems({ clean: true, limit: 2 });
  expect(items).toHaveLength(2);
  expect(total).toBe(3);
  const dataset = await sdk.dataset(run.defaultDatasetId).get();
  expect(dataset?.itemCount).toBe(3);
  expect(await sdk.run(run.id).log().get()).toContain("Simulated run");
});

test("aborts a run, and lists the runs there are", async () => {
  const { id } = await sdk.actor("apify/rag-web-browser").start({ query: "Labs" });
  expect((await sdk.run(id).abort()).status).toMatch(/^ABORT/);
  expect((await sdk.run(id).waitForFinish({ waitSecs: 10 })).status).toBe("ABORTED");
  const { items } = await sdk.runs().list({ desc: true, limit: 5, status: "ABORTED" });
  expect(items.map((run) => run.id)).toEqual([id]);
});

test("reads and writes key-value stores, packed or not", async () => {
  const run = await sdk.actor("apify/website-content-crawler").call(input, { log: null });
  const store = sdk.keyValueStore(run.defaultKeyValueStoreId);
  expect((await store.getRecord("INPUT"))?.value).toEqual(input);
  const value = { long: "text ".repeat(1_000) };
  await store.setRecord({ key: "notes", value });
  expect((await store.getRecord("notes"))?.value).toEqual(value);
  expect((await store.listKeys()).items.map(({ key }) => key)).toEqual(["INPUT", "OUTPUT", "notes"]);
});

test("finds Actors, makes a task and runs it", async () => {
  const { items } = await sdk.store().list({ search: "archive", limit: 5 });
  expect(items.map(({ name }) => name)).toEqual(["press-archive"]);
  expect((await sdk.actor("simulated/press-archive").get())?.title).toContain("Press Archive");
  const task = await sdk.tasks().create({ actId: items[0]?.id ?? "", name: "weekly-press", input: { maxItems: 2 } });
  const run = await sdk.task(task.id).call();
  expect((await sdk.dataset(run.defaultDatasetId).listItems()).items).toHaveLength(2);
  expect(await sdk.user("me").get()).toMatchObject({ username: "simulated" });
  expect((await sdk.user("me").limits())?.limits).toMatchObject({ maxConcurrentActorJobs: 32 });
});

test.each([
  [400, "invalid-input"],
  [402, "not-enough-usage-to-run-paid-actor"],
  [403, "insufficient-permissions"],
  [404, "record-not-found"],
])("knows our %i by its type", async (status, type) => {
  simulator.faults.set({ kind: "status", status });
  const failed = sdk.actor("apify/rag-web-browser").start({ query: "x" });
  await expect(failed).rejects.toMatchObject({ statusCode: status, type });
  await expect(failed).rejects.toBeInstanceOf(ApifyApiError);
});

test("starts again and again when a gateway fails, which ours must not do", async () => {
  // It tells the console of each.
  const console = vi.spyOn(globalThis.console, "warn").mockImplementation(() => {});
  const before = simulator.runCount();
  simulator.faults.set({ kind: "status", status: 502, moment: "after" }, { times: 2, route: /runs$/ });
  await sdk.actor("apify/rag-web-browser").start({ query: "x" });
  expect(simulator.runCount() - before).toBe(3);
  console.mockRestore();
});

/** Where the vendor's own client does not keep to the vendor's own file: 1 for true, packed bodies, a start without one. */
const liberties = [
  "GET /v2/actor-runs /query/desc",
  "GET /v2/datasets/{datasetId}/items /query/clean",
  "POST /v2/actor-tasks/{actorTaskId}/runs /body",
  "PUT /v2/key-value-stores/{storeId}/records/{recordKey} /body",
];

test.skipIf(file === undefined)("both sides agree with the specification", () => {
  const specification = loadSpecification(file ?? "");
  const exchanges = recorder.exchanges().filter(({ status }) => status < 500);
  const violations = exchanges.flatMap((exchange) => specification.check(exchange));
  expect(violations.filter(({ part }) => part === "response")).toEqual([]);
  const requests = violations.filter(({ part }) => part === "request");
  expect([...new Set(requests.map(({ operation, pointer }) => `${operation} ${pointer}`))].sort()).toEqual(liberties);
});
