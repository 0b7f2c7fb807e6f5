import { setTimeout as delay } from "node:timers/promises";
import OpenAI, { APIError } from "openai";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "@sophia/simulators/openai/faults";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";

let harness: AiHarness;
let client: OpenAI;

beforeEach(async () => {
  harness = await startAiHarness();
  client = await harness.createClient();
});
afterEach(() => harness.close());

const model = "simulated/small";
const ask = (content: string) => ({ model, messages: [{ role: "user" as const, content }] });
const weather = {
  type: "function" as const,
  function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};
const chatCalls = () => harness.simulator.calls().filter((call) => call.path === "/v1/chat/completions");
const spent = () => harness.spent();

describe("with the official client", () => {
  test("a completion carries model, provider, cost and cache in its headers, and lands in the ledger", async () => {
    const { data, response } = await client.chat.completions.create(ask("hello")).withResponse();
    expect(data.choices[0]?.message.content).toContain("[Simulated answer");
    const usage = data.usage;
    const costUsd = (usage?.prompt_tokens ?? 0) * 0.15e-6 + (usage?.completion_tokens ?? 0) * 0.6e-6;
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-sophia-cache": "miss",
      "x-sophia-model": model,
      "x-sophia-provider": "openrouter",
      "x-sophia-cost-usd": costUsd.toFixed(9).replace(/0+$/, ""),
      "x-sophia-request-id": expect.stringMatching(/^[\w-]{8,}$/),
    });
    const total = await spent();
    expect(total).toMatchObject({ entries: 1, quantity: usage?.total_tokens, estimatedUsd: 0 });
    expect(total.costUsd).toBeCloseTo(costUsd, 9);
  });

  test("a stream is the same text, piece by piece, with usage only when asked", async () => {
    const whole = await client.chat.completions.create(ask("one"), { headers: { "x-sophia-cache": "bypass" } });
    const stream = await client.chat.completions.create({ ...ask("one"), stream: true });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(
      whole.choices[0]?.message.content,
    );
    expect(chunks.every((chunk) => !chunk.usage)).toBe(true);
    expect(chatCalls().at(-1)?.body).toMatchObject({ stream_options: { include_usage: true } });
    const counted = await client.chat.completions.create({
      ...ask("two"),
      stream: true,
      stream_options: { include_usage: true },
    });
    let usage;
    for await (const chunk of counted) usage = chunk.usage ?? usage;
    expect(usage?.total_tokens).toBeGreaterThan(0);
    expect((await spent()).entries).toBe(3);
  });

  test("the cost of a stream follows as a trailer", async () => {
    const response = await fetch(`${harness.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${client.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ ...ask("x"), stream: true }),
    });
    expect(response.headers.get("trailer")).toBe("x-sophia-cost-usd");
    expect((await response.text()).endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("tools pass through, streamed or not, and are never cached", async () => {
    const body = { ...ask("call get_weather"), tools: [weather] };
    for (let round = 0; round < 2; round += 1) {
      const { data, response } = await client.chat.completions.create(body).withResponse();
      const call = data.choices[0]?.message.tool_calls?.[0];
      expect(call?.type === "function" && call.function).toEqual({
        name: "get_weather",
        arguments: '{"city":"simulated"}',
      });
      expect(response.headers.get("x-sophia-cache")).toBe("miss");
    }
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices[0]?.message.tool_calls).toHaveLength(1);
    expect(chatCalls()).toHaveLength(3);
  });

  test("models are listed with the embedded one, embeddings come from it", async () => {
    const ids = (await client.models.list()).data.map((entry) => entry.id);
    expect(ids).toEqual(expect.arrayContaining([model, "sophia-embed"]));
    const { data, usage } = await client.embeddings.create({
      model: "sophia-embed",
      input: ["one two", "one two", "x"],
    });
    expect(data[0]?.embedding).toEqual(data[1]?.embedding);
    expect(Math.hypot(...(data[2]?.embedding ?? []))).toBeCloseTo(1, 5);
    expect(usage.prompt_tokens).toBeGreaterThan(0);
    const float = await client.embeddings.create({ model: "sophia-embed", input: "x", encoding_format: "float" });
    expect(float.data[0]?.embedding[0]).toBeCloseTo(data[2]?.embedding[0] ?? Number.NaN, 6);
    await expect(client.embeddings.create({ model: "text-embedding-3-small", input: "x" })).rejects.toMatchObject({
      status: 404,
    });
  });

  test("a part of OpenAI's API that is not here is said to be none, with what there is", async () => {
    await expect(client.responses.create({ model, input: "x" })).rejects.toMatchObject({
      status: 404,
      code: "unknown_url",
      message: expect.stringContaining("POST /v1/chat/completions"),
    });
  });

  test("without a bearer there is nothing", async () => {
    const stranger = new OpenAI({ baseURL: `${harness.url}/v1`, apiKey: "nobody", maxRetries: 0 });
    await expect(stranger.chat.completions.create(ask("x"))).rejects.toMatchObject({ status: 401 });
    expect(chatCalls()).toHaveLength(0);
  });

  test.each([
    ["no messages", { model, messages: [] }],
    ["a model that is a number", { model: 5, messages: [{ role: "user", content: "x" }] }],
    ["a negative limit", { ...ask("x"), max_tokens: -1 }],
  ])("%s is refused before anything is asked", async (_name, body) => {
    const error = await client.chat.completions.create(body as never).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error" });
    expect(chatCalls()).toHaveLength(0);
  });
});

describe("failures", () => {
  const vendorText = "VENDOR TEXT";

  test.each<[Fault, boolean, number, string]>([
    [{ kind: "status", status: 401 }, false, 501, "api_error"],
    [{ kind: "status", status: 402 }, true, 402, "insufficient_quota"],
    [{ kind: "status", status: 500 }, false, 502, "api_error"],
    [{ kind: "status", status: 500 }, true, 502, "api_error"],
    [{ kind: "html" }, false, 502, "api_error"],
    [{ kind: "html" }, true, 502, "api_error"],
    [{ kind: "error_in_200" }, false, 502, "api_error"],
    [{ kind: "error_in_200" }, true, 502, "api_error"],
    [{ kind: "error_in_200", code: 402 }, false, 402, "insufficient_quota"],
    [{ kind: "error_in_200", code: "x", errorType: "rate_limit_exceeded" }, true, 429, "rate_limit_error"],
  ])("%j (streamed: %j) becomes %i %s, without the vendor's words or a charge", async (fault, stream, status, type) => {
    harness.simulator.faults.set(fault);
    const error = await client.chat.completions.create({ ...ask("f"), stream }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status, type });
    expect(JSON.stringify((error as APIError).error)).not.toContain(vendorText);
    expect(await spent()).toMatchObject({ entries: 0 });
  });

  test.each([
    [429, "rate_limit_error"],
    [503, "api_error"],
  ])("a %i passes its pause on, and the next call after it succeeds", async (status, type) => {
    harness.simulator.faults.set({ kind: "status", status, retryAfter: "1" });
    const error = await client.chat.completions.create(ask("f")).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status, type });
    expect((error as APIError).headers?.get("retry-after")).toBe("1");
    await delay(1_050);
    expect((await client.chat.completions.create(ask("f"))).choices).toHaveLength(1);
  });

  test("a prompt that is too long is the caller's to shorten", async () => {
    const long = { ...ask("word ".repeat(500)), model: "simulated/tiny-context" };
    const error = await client.chat.completions.create(long).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error" });
    expect(String(error)).toContain("longer context");
  });

  test("an unknown model is named as such", async () => {
    await expect(client.chat.completions.create({ ...ask("x"), model: "nobody/none" })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
  });

  test.each([
    [{ kind: "cut", afterEvents: 6 } as const],
    [{ kind: "end_early", afterEvents: 6 } as const],
    [{ kind: "malformed_event", afterEvents: 6 } as const],
    [{ kind: "error_in_stream", afterEvents: 6 } as const],
  ])("a stream broken by %j ends in an error event, is charged by estimate, and is not kept", async (fault) => {
    harness.simulator.faults.set(fault);
    const stream = await client.chat.completions.create({ ...ask("broken"), stream: true });
    let text = "";
    const reading = (async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    })();
    const error = await reading.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(APIError);
    expect(String(error)).not.toContain(vendorText);
    expect(text).toMatch(/^\[Simulated/);
    const total = await spent();
    expect(total).toMatchObject({ entries: 1, estimatedUsd: total.costUsd });
    const again = await client.chat.completions.create(ask("broken")).withResponse();
    expect(again.response.headers.get("x-sophia-cache")).toBe("miss");
  });

  test("usage that the provider does not give is estimated, and marked", async () => {
    harness.simulator.faults.set({ kind: "no_usage" });
    await client.chat.completions.create(ask("count"));
    const total = await spent();
    expect(total).toMatchObject({ entries: 1, estimatedUsd: total.costUsd });
    expect(total.quantity).toBeGreaterThan(10);
  });
});
