import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { startTogetherSimulator, type TogetherSimulator } from "@sophia/simulators/together/simulator";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createOpenAiClient, type OpenAiClient } from "../openai-shape/openai-client.ts";
import { togetherProvider } from "./provider.ts";

const file = findSpecification("together-openapi.yaml");
const key = `tgp_v1_${"a".repeat(43)}`;
const signal = AbortSignal.timeout(30_000);

let simulator: TogetherSimulator;
let recorder: Recorder;
let client: OpenAiClient;

function createClient(baseUrl: string): OpenAiClient {
  const apiKey = new Secret(key);
  const endpoint = {
    service: "together",
    mode: "live" as const,
    baseUrl,
    apiKey,
    models: [],
    profile: togetherProvider,
  };
  return createOpenAiClient({ endpoint, log: pino({ level: "silent" }), clock: systemClock });
}

beforeAll(async () => {
  simulator = await startTogetherSimulator({ seed: 5, apiKey: key });
  recorder = await startRecorder(simulator.url);
  client = createClient(recorder.url);
});
afterAll(async () => {
  await client.close();
  await recorder.close();
  await simulator.close();
});

const small = "simulated/Small-8B-Turbo";
const tool = { type: "function", function: { name: "count_hosts", strict: true, parameters: { type: "object" } } };

test("lists models with kind, context and price per million tokens", async () => {
  expect(await client.listModels(signal)).toMatchObject([
    { id: small, kind: "chat", contextLength: 16_384, listedPrice: { input: 0.18e-6, output: 0.18e-6 } },
    { id: "simulated/Large-70B-Turbo", kind: "chat" },
    { id: "simulated/Tiny-Context", kind: "chat" },
    { id: "simulated/bge-base", kind: "embedding" },
    { id: "simulated/rank-v1", kind: "rerank" },
  ]);
});

test("answers a conversation with tools that was written for OpenAI", async () => {
  const call = { id: "call_1", type: "function", function: { name: "count_hosts", arguments: "{}" } };
  const messages = [
    { role: "developer", content: "Be brief." },
    { role: "user", content: [{ type: "text", text: "How many hosts are down?" }] },
    { role: "assistant", content: null, refusal: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "call_1", content: "3" },
    { role: "user", content: "And now count_hosts again." },
  ];
  const choice = { type: "function", function: { name: "count_hosts" } };
  const body = { model: small, messages, tools: [tool], tool_choice: choice, max_completion_tokens: 50, user: "ada" };
  expect(await client.complete(body, signal)).toMatchObject({
    choices: [{ finish_reason: "tool_calls", message: { tool_calls: [{ function: { name: "count_hosts" } }] } }],
  });
});

test("streams, with usage in the last chunk", async () => {
  const messages = [{ role: "user", content: "hello" }];
  const body = { model: small, messages, stream: true, stream_options: { include_usage: true }, logprobs: true };
  const usages: unknown[] = [];
  for await (const chunk of await client.stream(body, signal)) usages.push(chunk.parsed.usage);
  expect(usages.at(-1)).toMatchObject({ prompt_tokens: expect.any(Number) as number });
});

test("embeds and reranks", async () => {
  const embedded = await client.embed?.({ model: "simulated/bge-base", input: ["one", "two"], dimensions: 8 }, signal);
  expect(embedded).toMatchObject({ vectors: [{ length: 64 }, { length: 64 }], usage: undefined });
  const documents = ["Berlin is in Germany.", "The capital of France is Paris."];
  const request = { model: "simulated/rank-v1", query: "capital of France", documents };
  expect(await client.rerank?.(request, signal)).toMatchObject({ results: [{ index: 1, score: 1 }, { index: 0 }] });
});

test("tells a prompt that is too long from other refusals", async () => {
  const long = { model: "simulated/Tiny-Context", messages: [{ role: "user", content: "word ".repeat(400) }] };
  await expect(client.complete(long, signal)).rejects.toMatchObject({
    kind: "invalid_input",
    reason: "context_length",
  });
  const none = { ...long, model: "simulated/None" };
  await expect(client.complete(none, signal)).rejects.toMatchObject({ kind: "not_found" });
});

test("waits as long as the rate headers say", async () => {
  const busy = await startTogetherSimulator({ requestsPerMinute: 0 });
  const impatient = createClient(busy.url);
  const body = { model: small, messages: [{ role: "user", content: "hello" }] };
  const refusal = await impatient.complete(body, signal).catch((error: unknown) => error);
  await Promise.all([impatient.close(), busy.close()]);
  expect(refusal).toMatchObject({ kind: "rate_limited", status: 429, retryAfterMs: 60_000 });
});

test.skipIf(file === undefined)("all of it agrees with the vendor's specification, both ways", () => {
  const specification = loadSpecification(file ?? "");
  expect(recorder.exchanges().flatMap(specification.check)).toEqual([]);
  expect(specification.seen()).toEqual(["GET /models", "POST /chat/completions", "POST /embeddings", "POST /rerank"]);
});
