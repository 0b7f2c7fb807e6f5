import Anthropic from "@anthropic-ai/sdk";
import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { type AnthropicSimulator, startAnthropicSimulator } from "@sophia/simulators/anthropic/simulator";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OpenAiClient } from "../openai-shape/openai-client.ts";
import { createAnthropicClient } from "./client.ts";

const apiKey = "sk-ant-simulated";
let simulator: AnthropicSimulator;
let client: OpenAiClient;
beforeAll(async () => {
  simulator = await startAnthropicSimulator({ apiKey });
  client = createAnthropicClient({
    endpoint: { service: "anthropic", mode: "live", baseUrl: simulator.url, apiKey: new Secret(apiKey), models: [] },
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
});
afterAll(async () => {
  await client.close();
  await simulator.close();
});

const { signal } = new AbortController();
const ask = (text: string, more: object = {}) => ({
  model: "simulated-large",
  messages: [{ role: "user", content: text }],
  ...more,
});
const weather = {
  type: "function",
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};

async function readAll(body: Record<string, unknown>): Promise<Record<string, unknown>[]> {
  const chunks: Record<string, unknown>[] = [];
  for await (const { data } of await client.stream(body, signal)) chunks.push(JSON.parse(data));
  return chunks;
}

test("an answer, whole and as a stream, is the same in the OpenAI shape", async () => {
  const whole = await client.complete(ask("Hello"), signal);
  expect(whole).toMatchObject({
    object: "chat.completion",
    choices: [{ finish_reason: "stop", message: { role: "assistant", content: expect.stringContaining("Simulated") } }],
    usage: { prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) },
  });
  const chunks = await readAll(ask("Hello"));
  const choices = chunks.flatMap(
    (chunk) => chunk["choices"] as { delta: { content?: string }; finish_reason: string }[],
  );
  const text = choices.map(({ delta }) => delta.content ?? "").join("");
  expect(text).toBe((whole as { choices: [{ message: { content: string } }] }).choices[0].message.content);
  expect(choices.at(-1)?.finish_reason).toBe("stop");
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole["usage"] });
});

test("a tool is called, whole and as a stream", async () => {
  const body = ask("Use weather for Rome", { tools: [weather] });
  const call = {
    id: expect.stringContaining("toolu_"),
    type: "function",
    function: { name: "weather", arguments: '{"city":"simulated city"}' },
  };
  expect(await client.complete(body, signal)).toMatchObject({
    choices: [{ finish_reason: "tool_calls", message: { content: null, tool_calls: [call] } }],
  });
  const deltas = (await readAll(body)).flatMap(
    (chunk) => chunk["choices"] as { delta: { tool_calls?: { index: number; function: { arguments: string } }[] } }[],
  );
  const calls = deltas.flatMap(({ delta }) => delta.tool_calls ?? []);
  expect(calls.map((part) => part.function.arguments).join("")).toBe('{"city":"simulated city"}');
  expect(new Set(calls.map(({ index }) => index))).toEqual(new Set([0]));
});

test("structured output arrives as the content", async () => {
  const schema = { type: "object", properties: { city: { type: "string" } } };
  const body = ask("Where?", { response_format: { type: "json_schema", json_schema: { name: "p", schema } } });
  expect(await client.complete(body, signal)).toMatchObject({
    choices: [{ finish_reason: "stop", message: { content: '{"city":"simulated city"}' } }],
  });
  const chunks = await readAll(body);
  const choices = chunks.flatMap(
    (chunk) => chunk["choices"] as { delta: { content?: string }; finish_reason: string }[],
  );
  expect(choices.map(({ delta }) => delta.content ?? "").join("")).toBe('{"city":"simulated city"}');
  expect(choices.at(-1)?.finish_reason).toBe("stop");
});

test.each([
  [
    { kind: "error" as const, status: 529, type: "overloaded_error" },
    { kind: "unavailable", status: 529 },
  ],
  [
    { kind: "error" as const, status: 429, type: "rate_limit_error", retryAfter: "1" },
    { kind: "rate_limited", retryAfterMs: 1_000 },
  ],
  [
    {
      kind: "error" as const,
      status: 400,
      type: "invalid_request_error",
      message: "Your credit balance is too low to access",
    },
    { kind: "budget_exceeded" },
  ],
])("a failure has its class: %o", async (fault, expected) => {
  simulator.fail(fault);
  const fresh = createAnthropicClient({
    endpoint: { service: "anthropic", mode: "live", baseUrl: simulator.url, apiKey: new Secret(apiKey), models: [] },
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
  await expect(fresh.complete(ask("x"), signal)).rejects.toMatchObject(expected);
  await fresh.close();
});

test("a prompt that is too long says so, for a longer model to be tried", async () => {
  const body = { model: "simulated-small", messages: [{ role: "user", content: "word ".repeat(4_000) }] };
  await expect(client.complete(body, signal)).rejects.toMatchObject({
    kind: "invalid_input",
    reason: "context_length",
  });
});

test.each([
  ["cut in the middle of an event", { kind: "cut" as const, afterEvents: 5 }],
  ["that reports an overload half-way", { kind: "overloaded_in_stream" as const, afterEvents: 5 }],
])("a stream %s is an error, never a whole answer", async (_, fault) => {
  simulator.fail(fault);
  await expect(readAll(ask("Hello"))).rejects.toMatchObject({ name: "AppError" });
});

test("the vendor's SDK drives the simulator", async () => {
  const sdk = new Anthropic({ apiKey, baseURL: simulator.url.replace(/\/v1$/, ""), maxRetries: 0 });
  const request = { model: "simulated-large", max_tokens: 50, messages: [{ role: "user" as const, content: "Hello" }] };
  const message = await sdk.messages.create(request);
  expect(message.content[0]).toMatchObject({ type: "text", text: expect.stringContaining("Simulated") });
  const streamed = await sdk.messages.stream(request).finalMessage();
  expect(streamed).toMatchObject({
    content: message.content.map(({ type }) => ({ type })),
    stop_reason: message.stop_reason,
  });
  expect((await sdk.models.list()).data.map(({ id }) => id)).toEqual(["simulated-small", "simulated-large"]);
  await expect(sdk.messages.create({ ...request, model: "none" })).rejects.toMatchObject({ status: 404 });
});

test("models are listed", async () => {
  expect((await client.listModels(signal)).map(({ id }) => id)).toEqual(["simulated-small", "simulated-large"]);
});
