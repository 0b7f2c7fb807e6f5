import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { startTogetherSimulator, type TogetherSimulator } from "@sophia/simulators/together/simulator";
import Together from "together-ai";
import { afterAll, beforeAll, expect, test } from "vitest";

const file = findSpecification("together-openapi.yaml");
let simulator: TogetherSimulator;
let recorder: Recorder;
let sdk: Together;

beforeAll(async () => {
  simulator = await startTogetherSimulator({ seed: 5, apiKey: "key" });
  recorder = await startRecorder(simulator.url);
  sdk = new Together({ apiKey: "key", baseURL: recorder.url, maxRetries: 0, timeout: 5_000 });
});
afterAll(async () => {
  await recorder.close();
  await simulator.close();
});

const ask = { model: "simulated/Small-8B-Turbo", messages: [{ role: "user" as const, content: "How many are down?" }] };

test("completes a chat with tools, and streams one", async () => {
  const tools = [{ type: "function", function: { name: "ping_host", parameters: { type: "object" } } }];
  const whole = await sdk.chat.completions.create({ ...ask, tools, tool_choice: "required" });
  expect(whole.choices[0]?.message?.tool_calls?.[0]?.function.name).toBe("ping_host");
  let text = "";
  for await (const chunk of await sdk.chat.completions.create({ ...ask, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? "";
  }
  expect(text).toContain("Simulated answer");
});

test("lists models, embeds and reranks", async () => {
  expect((await sdk.models.list()).map(({ type }) => type)).toContain("rerank");
  const { data } = await sdk.embeddings.create({ model: "simulated/bge-base", input: ["one", "two"] });
  expect(data.map(({ index }) => index)).toEqual([0, 1]);
  const { results } = await sdk.rerank.create({ model: "simulated/rank-v1", query: "two", documents: ["one", "two"] });
  expect(results.map(({ index }) => index)).toEqual([1, 0]);
});

test.each([
  [400, Together.BadRequestError],
  [401, Together.AuthenticationError],
  [404, Together.NotFoundError],
  [429, Together.RateLimitError],
  [503, Together.InternalServerError],
  [504, Together.InternalServerError],
])("knows our %i", async (status, kind) => {
  simulator.faults.set({ kind: "status", status });
  await expect(sdk.chat.completions.create(ask)).rejects.toThrow(kind);
});

test.skipIf(file === undefined)("both sides agree with the specification", () => {
  // The SDK tells its own version and machine in headers of this name.
  const names = recorder.exchanges().flatMap(({ requestHeaders }) => Object.keys(requestHeaders));
  const headers = names.filter((name) => name.startsWith("x-stainless-"));
  const specification = loadSpecification(file ?? "", { headers });
  expect(recorder.exchanges().flatMap(specification.check)).toEqual([]);
});
