import { OpenRouter } from "@openrouter/sdk";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification } from "@sophia/core/testing/contract/specification";
import { type OpenRouterSimulator, startOpenRouterSimulator } from "@sophia/simulators/openrouter/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadOpenRouterSpecification } from "./testing/load-openrouter-specification.ts";

const file = findSpecification("openrouter-openapi.yaml");
let simulator: OpenRouterSimulator;
let recorder: Recorder;
let sdk: OpenRouter;

beforeAll(async () => {
  simulator = await startOpenRouterSimulator({ seed: 5, apiKey: "sk-or-v1-test" });
  recorder = await startRecorder(simulator.url);
  sdk = new OpenRouter({ apiKey: "sk-or-v1-test", serverURL: recorder.url, retryConfig: { strategy: "none" } });
});
afterAll(async () => {
  await recorder.close();
  await simulator.close();
});

const chatRequest = {
  model: "simulated/small",
  messages: [{ role: "user" as const, content: "How many hosts are down?" }],
};

test("completes a chat with tools, and streams one", async () => {
  const parameters = { type: "object", properties: { host: { type: "string" } } };
  const tools = [{ type: "function" as const, function: { name: "ping_host", parameters } }];
  const whole = await sdk.chat.send({ chatRequest: { ...chatRequest, tools, toolChoice: "required" } });
  expect(whole).toMatchObject({ choices: [{ message: { toolCalls: [{ function: { name: "ping_host" } }] } }] });
  let text = "";
  const stream = await sdk.chat.send({ chatRequest: { ...chatRequest, stream: true } });
  for await (const chunk of stream as AsyncIterable<{ choices: { delta: { content?: string | null } }[] }>) {
    text += chunk.choices[0]?.delta.content ?? "";
  }
  expect(text).toContain("Simulated answer");
});

test("embeds, reranks and reads models", async () => {
  const requestBody = { model: "simulated/embedding", input: ["one", "two"] };
  expect(await sdk.embeddings.generate({ requestBody })).toMatchObject({ data: [{ index: 0 }, { index: 1 }] });
  const ranked = await sdk.rerank.rerank({
    requestBody: { model: "simulated/rerank", query: "two", documents: ["one", "two"] },
  });
  expect(ranked).toMatchObject({ results: [{ index: 1 }, { index: 0 }] });
  for await (const page of await sdk.models.list()) expect(page.result.data.length).toBeGreaterThan(2);
  for await (const page of await sdk.embeddings.listModels()) expect(page.result.data).toHaveLength(1);
  expect((await sdk.endpoints.list({ author: "simulated", slug: "small" })).data.endpoints).toHaveLength(3);
  expect((await sdk.providers.list()).data.length).toBeGreaterThan(3);
});

test("reads the account", async () => {
  expect((await sdk.credits.getCredits()).data.totalCredits).toBe(100);
  expect((await sdk.apiKeys.getCurrentKeyMetadata()).data.limit).toBeNull();
  expect((await sdk.analytics.getUserActivity()).data.length).toBeGreaterThan(0);
  const { id } = (await sdk.chat.send({ chatRequest })) as { id: string };
  await expect.poll(() => sdk.generations.getGeneration({ id }).catch(() => undefined)).toBeDefined();
});

test.each([
  [402, "PaymentRequired"],
  [408, "RequestTimeout"],
  [429, "TooManyRequests"],
  [502, "BadGateway"],
  [503, "ServiceUnavailable"],
  [524, "EdgeNetworkTimeout"],
  [529, "ProviderOverloaded"],
])("knows our %i as %s", async (status, name) => {
  simulator.faults.set({ kind: "status", status });
  await expect(sdk.chat.send({ chatRequest })).rejects.toMatchObject({
    name: expect.stringContaining(name) as string,
    statusCode: status,
  });
});

test.skipIf(file === undefined)("both sides agree with the specification", () => {
  const specification = loadOpenRouterSpecification(file ?? "");
  expect(recorder.exchanges().flatMap(specification.check)).toEqual([]);
});
