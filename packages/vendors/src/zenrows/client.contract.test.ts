import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { startZenRowsSimulator, type ZenRowsSimulator } from "@sophia/simulators/zenrows/simulator";
import { documents } from "@sophia/simulators/web-corpus/corpus";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createZenRowsClient, type ZenRowsClient } from "./client.ts";
import { zenrowsCorrections } from "./testing/corrections.ts";
import { driveZenRowsFetches } from "./testing/drive-client.ts";

const apiKey = "0123456789abcdef0123456789abcdef01234567";
const { signal } = new AbortController();
const url = documents[0]?.url ?? "";
const gone = "https://gone.example/page";
const teapot = "https://teapot.example/";
let simulator: ZenRowsSimulator;
let recorder: Recorder;
let client: ZenRowsClient;

beforeAll(async () => {
  const pages = new Map([
    [gone, { status: 404, html: "<title>Gone</title>" }],
    [teapot, { status: 429, html: "<title>Slow down</title>" }],
    ["https://moved.example/", { html: "<title>Here</title>", finalUrl: "https://www.moved.example/here" }],
    ["https://latin.example/", { html: "<title>Gr\u00fc\u00dfe</title>" }],
  ]);
  simulator = await startZenRowsSimulator({ apiKey, pages, latency: { scale: 0.001 }, credits: 5_000 });
  recorder = await startRecorder(simulator.url);
  client = createZenRowsClient({
    apiKey: new Secret(apiKey),
    concurrency: 5,
    baseUrl: recorder.url,
    batchUrl: simulator.batchUrl,
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
});
afterAll(async () => {
  await client.close();
  await recorder.close();
  await simulator.close();
});

test("every kind of fetch holds", async () => {
  await driveZenRowsFetches(client, url, signal);
});

test("content is read by what it is, with its cost in USD and its last address", async () => {
  const page = await client.fetchPage({ url: "https://moved.example/", power: "premium_proxy" }, signal);
  expect(page).toMatchObject({ status: 200, finalUrl: "https://www.moved.example/here", content: { kind: "html" } });
  expect(page.cost).toEqual({ credits: 10, costUsd: 0.0028, kind: "actual" });
  expect(page.requestId).toMatch(/^req_/);
  const markdown = await client.fetchPage({ url, responseType: "markdown" }, signal);
  expect(markdown.content).toMatchObject({ kind: "markdown", text: expect.stringMatching(/^# /) });
  const pdf = await client.fetchPage({ url, responseType: "pdf" }, signal);
  expect(pdf.content).toMatchObject({ kind: "pdf", bytes: expect.any(Buffer) });
  const picture = await client.fetchPage({ url, power: "js_render", screenshot: "full_page" }, signal);
  expect(picture.content.kind === "png" && picture.content.bytes.subarray(1, 4).toString()).toBe("PNG");
  const links = await client.fetchPage({ url, outputs: ["links"] }, signal);
  expect(links.content).toEqual({ kind: "json", json: { links: [url] } });
  const latin = await client.fetchPage({ url: "https://latin.example/" }, signal);
  expect(latin.content).toMatchObject({ text: "<title>Grüße</title>" });
});

test("auto costs what its last step cost", async () => {
  const { cost } = await client.fetchPage({ url, power: "auto" }, signal);
  expect(cost).toMatchObject({ credits: 1, kind: "actual" });
});

test("a target's own error page is told from ZenRows' refusal", async () => {
  await expect(client.fetchPage({ url: gone }, signal)).rejects.toMatchObject({
    kind: "not_found",
    service: "zenrows",
  });
  const page = await client.fetchPage({ url: gone, originalStatus: true }, signal);
  expect(page).toMatchObject({ status: 404, content: { kind: "html", text: "<title>Gone</title>" } });
  // No page at all: the same status, but the code is ZenRows'.
  const nowhere = client.fetchPage({ url: "https://nowhere.example/", originalStatus: true }, signal);
  await expect(nowhere).rejects.toMatchObject({ kind: "not_found", hint: expect.stringContaining("DNS") });
  const before = simulator.calls().length;
  const busy = client.fetchPage({ url: teapot, originalStatus: true }, signal);
  await expect(busy).rejects.toMatchObject({ kind: "upstream", retryable: false });
  expect(simulator.calls().length - before).toBe(1);
});

test("a body and headers go on to the target", async () => {
  await client.fetchPage({ url, body: { a: 1 }, headers: { referer: "https://a.example/" } }, signal);
  const sent = simulator.calls().at(-1);
  expect(sent).toMatchObject({ method: "POST", body: '{"a":1}', query: { custom_headers: "true" } });
  expect(sent?.headers).toMatchObject({ referer: "https://a.example/", accept: "*/*" });
});

test("a batch is submitted once, followed, and read task by task", async () => {
  const tasks = documents.slice(0, 7).map((document, at) => ({ url: document.url, ref: `ref-${at}` }));
  const request = { tasks: [...tasks, { url: "https://nowhere.example/" }], idempotencyKey: "batch-1" };
  const submitted = await client.submitJob({ ...request, options: { power: "js_render" }, name: "weekly" }, signal);
  expect((await client.submitJob(request, signal)).id).toBe(submitted.id);
  const job = await client.waitForJob(submitted.id, { waitMs: 20_000, signal });
  expect(job).toMatchObject({ status: "completed", isFinal: true, total: 8, successful: 7, failed: 1, credits: 36 });
  const first = await client.listTasks(job.id, { limit: 5 }, signal);
  const second = await client.listTasks(job.id, { limit: 5, cursor: first.nextCursor ?? "" }, signal);
  expect(first.tasks.map(({ ref }) => ref)).toEqual(["ref-0", "ref-1", "ref-2", "ref-3", "ref-4"]);
  expect(second.tasks.at(-1)).toMatchObject({ status: "failed", errorCode: "RESP007" });
  expect(second.nextCursor).toBeUndefined();
  const content = await client.getTaskContent(job.id, first.tasks[0]?.id ?? "", signal);
  expect(content.toString("utf8")).toBe(documents[0]?.html);
  await expect(client.getJob("job_none", signal)).rejects.toMatchObject({ kind: "not_found" });
});

test("a batch can be stopped", async () => {
  const slow = await startZenRowsSimulator({ apiKey });
  const own = createZenRowsClient({
    apiKey: new Secret(apiKey),
    concurrency: 1,
    baseUrl: slow.url,
    batchUrl: slow.batchUrl,
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
  const { id } = await own.submitJob({ tasks: [{ url }], idempotencyKey: "stopped" }, signal);
  expect((await own.waitForJob(id, { waitMs: 0, signal })).isFinal).toBe(false);
  await own.stopJob(id, signal);
  expect(await own.getJob(id, signal)).toMatchObject({ status: "stopped", isFinal: true, credits: 0 });
  await own.close();
  await slow.close();
});

const file = findSpecification("zenrows-v1-thirdparty-openapi.yml");
test.skipIf(file === undefined)("agrees with the third party's specification, both ways", () => {
  const specification = loadSpecification(file ?? "", zenrowsCorrections);
  // With original_status any status may come, and the file knows ZenRows' own only; custom headers are the caller's.
  const exchanges = recorder
    .exchanges()
    .filter(({ path, status }) => !(path.includes("original_status") && status >= 400))
    .filter(({ path }) => !path.includes("custom_headers"));
  expect(exchanges.length).toBeGreaterThan(20);
  expect(exchanges.flatMap((exchange) => specification.check(exchange))).toEqual([]);
  expect(specification.seen()).toEqual(["GET /", "POST /"]);
});
