import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import type { OpenApiDocument } from "@sophia/core/testing/contract/read-document";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { type PortkeySimulator, startPortkeySimulator } from "@sophia/simulators/portkey/simulator";
import { pino } from "pino";
import { Portkey } from "portkey-ai";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AnswerFacts, CallOptions } from "../openai-shape/call-wishes.ts";
import { createOpenAiClient, type OpenAiClient } from "../openai-shape/openai-client.ts";
import { createPortkeyClient, type PortkeyClient } from "./client.ts";
import { createPortkeyProfile } from "./provider.ts";

const apiKey = "c2ltdWxhdGVkLXBvcnRrZXkta2V5";
const config = JSON.stringify({ provider: "openai", cache: { mode: "semantic" } });
const { signal } = new AbortController();
const common = { log: pino({ level: "silent" }), clock: systemClock };
let simulator: PortkeySimulator;
let recorder: Recorder;
let upstream: OpenAiClient;
let client: PortkeyClient;
beforeAll(async () => {
  simulator = await startPortkeySimulator({ apiKey });
  recorder = await startRecorder(simulator.url);
  upstream = createUpstream({ config });
  client = createPortkeyClient({ ...common, apiKey: new Secret(apiKey), baseUrl: recorder.url });
});
afterAll(async () => {
  await Promise.all([upstream.close(), client.close()]);
  await recorder.close();
  await simulator.close();
});

function createUpstream(options: { config?: string; provider?: string }): OpenAiClient {
  const profile = createPortkeyProfile({ ...options, baseUrl: recorder.url });
  const endpoint = {
    service: "portkey",
    mode: "live" as const,
    baseUrl: recorder.url,
    apiKey: new Secret(apiKey),
    models: [],
    profile,
  };
  return createOpenAiClient({ ...common, endpoint });
}

const ask = (text: string) => ({ model: "gpt-5-mini", messages: [{ role: "user", content: text }] });

async function factsOf(text: string, wishes: CallOptions["wishes"] = {}): Promise<AnswerFacts | undefined> {
  let facts: AnswerFacts | undefined;
  const onFacts = (told: AnswerFacts) => void (facts = told);
  await upstream.complete(ask(text), signal, { wishes, onFacts });
  return facts;
}

test("its cache answers only when the caller wishes, and says so", async () => {
  const wishes = { responseCache: { ttlMs: 60_000 } };
  expect(await factsOf("What is due?", wishes)).toMatchObject({ responseCache: "miss", retries: 0 });
  expect(await factsOf("what is  due?", wishes)).toMatchObject({ responseCache: "hit" });
  expect(await factsOf("What is due?")).toMatchObject({ responseCache: "miss" });
});

test("a stream is whole, and the trace is ours", async () => {
  let facts: AnswerFacts | undefined;
  const onFacts = (told: AnswerFacts) => void (facts = told);
  const options = { wishes: { requestId: "request-1" }, onFacts };
  let text = "";
  for await (const { parsed } of await upstream.stream({ ...ask("Stream this."), stream: true }, signal, options)) {
    text += parsed.choices[0]?.delta?.content ?? "";
  }
  expect(text).toContain("Simulated answer");
  expect(facts?.generationId).toBe("request-1");
});

test("a missing provider names the settings; a gateway's failure is one of the service", async () => {
  const bare = createUpstream({});
  await expect(bare.complete(ask("x"), signal)).rejects.toMatchObject({ kind: "not_configured" });
  await bare.close();
  simulator.fail(503, 1);
  await expect(upstream.complete(ask("y"), signal)).rejects.toMatchObject({ kind: "unavailable", service: "portkey" });
});

test("analytics, groups and feedback tell what went through", async () => {
  const filter = { from: Date.now() - 60_000, until: Date.now() + 1_000 };
  await upstream.complete(ask("Counted."), signal, { wishes: { requestId: "counted", conversationKey: "c-1" } });
  const before = simulator.requests().length;
  const requests = await client.fetchGraph("requests", filter, signal);
  expect(requests.summary).toEqual({ total: before });
  expect(requests.points.reduce((sum, { values }) => sum + (values["total"] ?? 0), 0)).toBe(before);
  expect(await client.fetchGroups("ai-models", filter, signal)).toEqual([{ name: "gpt-5-mini", requests: before }]);
  expect(await client.fetchGroups({ metadata: "conversation" }, filter, signal)).toMatchObject([
    { name: "c-1", requests: 1, costUsd: expect.any(Number) },
  ]);
  expect(await client.fetchCacheSummary(filter, signal)).toMatchObject({ hits: 1, total_requests: before });
  const [id = ""] = await client.sendFeedback({ traceId: "counted", value: -3, weight: 0.5 }, signal);
  await client.changeFeedback(id, { value: 5 }, signal);
  const counted = simulator.requests().find(({ traceId }) => traceId === "counted");
  expect(counted?.feedback).toEqual([{ id, value: 5, weight: 1 }]);
  await expect(client.sendFeedback({ traceId: "counted", value: 11 }, signal)).rejects.toMatchObject({
    kind: "invalid_input",
  });
  await client.fetchGraph("latency", { ...filter, traceIds: ["counted"], models: ["openai__gpt-5-mini"] }, signal);
});

test("an export is made, watched and fetched", async () => {
  const range = { from: Date.now() - 60_000, until: Date.now() + 1_000 };
  const { id, rows } = await client.startExport({ ...range, columns: ["trace_id", "cost"] }, signal);
  expect(rows).toBe(simulator.requests().length);
  expect(await client.fetchExportStatus(id, signal)).toBe("in_progress");
  expect(await client.fetchExportStatus(id, signal)).toBe("success");
  const file = await (await fetch(await client.fetchExportAddress(id, signal))).text();
  expect(file.trim().split("\n")).toHaveLength(rows);
  await client.cancelExport(id, signal);
  await expect(client.fetchExportStatus("none", signal)).rejects.toMatchObject({ kind: "not_found" });
});

test("the vendor's SDK drives the simulator", async () => {
  const portkey = new Portkey({ apiKey, baseURL: simulator.url, config, traceID: "sdk" });
  const messages = [{ role: "user" as const, content: "Hello from the SDK" }];
  const completion = await portkey.chat.completions.create({ model: "gpt-5-mini", messages });
  expect(completion.choices[0]?.message?.content).toContain("Simulated answer");
  expect(await portkey.feedback.create({ traceID: "sdk", value: 1 })).toMatchObject({ status: "success" });
  const models = await portkey.models.list();
  expect(models.data[0]).toMatchObject({ id: "@openai/gpt-5-mini" });
});

/** What the vendor's file leaves out or cannot mean. */
function correct({ components, paths }: OpenApiDocument): void {
  const { PortkeyMetadata } = (components as { parameters: Record<string, { schema: object }> }).parameters;
  // Described as an object, which no header can be; the vendor's own examples send its JSON.
  if (PortkeyMetadata) PortkeyMetadata.schema = { type: "string" };
  const chat = paths["/chat/completions"]?.["post"] as { responses: Record<string, { content: object }> };
  // The chunks have a schema, but the operation does not say that it streams them.
  const chunk = { $ref: "#/components/schemas/CreateChatCompletionStreamResponse" };
  Object.assign(chat.responses["200"]?.content ?? {}, { "text/event-stream": { schema: chunk } });
}

const file = findSpecification("portkey-openapi.yaml");
test.skipIf(file === undefined)("every exchange is as the vendor's specification says", () => {
  const specification = loadSpecification(file ?? "", { correct });
  const exchanges = recorder.exchanges().filter(({ status }) => status < 400);
  expect(exchanges.flatMap((exchange) => specification.check(exchange))).toEqual([]);
  expect(specification.seen()).toContain("GET /logs/exports/{exportId}/download");
});
