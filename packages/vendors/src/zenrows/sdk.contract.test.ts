import { startZenRowsSimulator, type ZenRowsSimulator } from "@sophia/simulators/zenrows/simulator";
import { documents } from "@sophia/simulators/web-corpus/corpus";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { ZenRows, ZenRowsBatchClient } from "zenrows";

const apiKey = "0123456789abcdef0123456789abcdef01234567";
const vendor = "https://api.zenrows.com/v1/";
const url = documents[0]?.url ?? "";
const nativeFetch = globalThis.fetch;
let simulator: ZenRowsSimulator;
let sdk: ZenRows;
let batch: ZenRowsBatchClient;

beforeAll(async () => {
  simulator = await startZenRowsSimulator({ apiKey, latency: { scale: 0.001 } });
  // It takes no other host for Fetch and keeps the global function it finds when it is made: so the host is changed there.
  const redirect = vi.fn<typeof fetch>((target, init) => {
    if (typeof target !== "string" || !target.startsWith(vendor)) throw new Error("another address than the known one");
    return nativeFetch(target.replace(vendor, `${simulator.url}/`), init);
  });
  vi.stubGlobal("fetch", redirect);
  sdk = new ZenRows(apiKey, { retries: 0 });
  vi.unstubAllGlobals();
  batch = new ZenRowsBatchClient(apiKey, { baseURL: simulator.batchUrl, retries: 2 });
});
afterEach(() => simulator.faults.clear());
afterAll(() => simulator.close());

test("fetches a page, with its headers", async () => {
  const answer = await sdk.fetch(url, { premium_proxy: true, proxy_country: "de" });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe(documents[0]?.html);
  expect(answer.headers.get("x-request-credits")).toBe("10");
});

test("posts to a target, and falls back from models to parsers", async () => {
  expect((await sdk.post(url, {}, { data: { a: 1 } })).status).toBe(200);
  const extracted = await sdk.extract(url);
  expect(await extracted.json()).toMatchObject({ url, title: documents[0]?.title });
});

test("gets a problem with a code", async () => {
  const refused = await sdk.fetch("https://nowhere.example/");
  expect(await refused.json()).toMatchObject({ code: "RESP007", status: 404 });
});

test("submits a batch, waits for it, and reads its results page by page", async () => {
  const urls = documents.slice(0, 4).map((document) => document.url);
  const job = await batch.submitRegular([...urls, "https://nowhere.example/"], undefined, { idempotencyKey: "sdk-1" });
  const run = await job.run.wait({ pollInterval: 0.05, timeout: 20 });
  expect(run.data).toMatchObject({ status: "completed", stats: { total: 5, successful: 4, failed: 1 } });
  const page = await batch.getResults(job.jobId, { limit: 3 });
  expect(page.results).toHaveLength(3);
  const all = await Array.fromAsync(batch.iterResults(job.jobId));
  expect(all.map(({ status }) => status)).toEqual([...Array.from({ length: 4 }, () => "successful"), "failed"]);
  expect(await batch.getTaskContent(job.jobId, all[1]?.task_id ?? "")).toBe(documents[1]?.html);
});

test("tries a batch's start again with its key, and gets the same job", async () => {
  simulator.faults.set({ kind: "status", status: 503, code: "RESP001", retryAfter: "0" });
  const first = await batch.submitRegular([url], undefined, { idempotencyKey: "sdk-2" });
  const second = await batch.submitRegular([url], undefined, { idempotencyKey: "sdk-2" });
  expect(second.jobId).toBe(first.jobId);
  await expect(batch.getJob("job_none")).rejects.toMatchObject({ status: 404, code: "job_not_found" });
});
