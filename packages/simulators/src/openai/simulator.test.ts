import OpenAI, { APIError, NotFoundError, RateLimitError } from "openai";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type OpenAiSimulator, startOpenAiSimulator } from "./simulator.ts";

let simulator: OpenAiSimulator;
let client: OpenAI;

beforeEach(async () => {
  simulator = await startOpenAiSimulator({ seed: 7, apiKey: "sk-test" });
  client = new OpenAI({ baseURL: simulator.url, apiKey: "sk-test", maxRetries: 0, timeout: 5_000 });
});
afterEach(() => simulator.close());

const messages = [{ role: "user" as const, content: "How many hosts are down?" }];
const weather = {
  type: "function" as const,
  function: {
    name: "get_weather",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { type: "string", enum: ["c", "f"] } },
      required: ["city", "unit"],
    },
  },
};

describe("driven by the official client", () => {
  test("lists models with prices", async () => {
    const models = (await client.models.list()).data;
    expect(models.map((model) => model.id)).toContain("simulated/small");
    expect(models[0]).toMatchObject({ pricing: { prompt: expect.stringMatching(/^0\.\d+$/) } });
  });

  test("answers the same to the same, says that it is simulated, and counts", async () => {
    const ask = () => client.chat.completions.create({ model: "simulated/small", messages });
    const [first, second] = [await ask(), await ask()];
    expect(first).toEqual(second);
    expect(first.choices[0]?.message.content).toContain("no language model was asked");
    expect(first.choices[0]?.finish_reason).toBe("stop");
    const usage = (await client.get("/usage")) as { requests: number; prompt_tokens: number };
    expect(usage).toMatchObject({ requests: 2, prompt_tokens: 2 * (first.usage?.prompt_tokens ?? 0) });
  });

  test("another seed gives another id", async () => {
    const other = await startOpenAiSimulator({ seed: 8 });
    const asked = { model: "simulated/small", messages };
    const second = await new OpenAI({ baseURL: other.url, apiKey: "x" }).chat.completions.create(asked);
    expect(second.id).not.toBe((await client.chat.completions.create(asked)).id);
    await other.close();
  });

  test("streams the same text, with usage when asked", async () => {
    const whole = await client.chat.completions.create({ model: "simulated/small", messages });
    const stream = await client.chat.completions.create({
      model: "simulated/small",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage: unknown;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(usage).toEqual(whole.usage);
  });

  test("calls a tool that is named, stream or not, and cuts at max_tokens", async () => {
    const asked = {
      model: "simulated/small",
      messages: [{ role: "user" as const, content: "Use get_weather for Oslo" }],
      tools: [weather],
    };
    const whole = await client.chat.completions.create(asked);
    const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
    for (const completion of [whole, streamed]) {
      expect(completion.choices[0]?.finish_reason).toBe("tool_calls");
      const call = completion.choices[0]?.message.tool_calls?.[0];
      expect(call?.type === "function" && JSON.parse(call.function.arguments)).toEqual({
        city: "simulated",
        unit: "c",
      });
    }
    const cut = await client.chat.completions.create({ model: "simulated/small", messages, max_tokens: 5 });
    expect(cut.choices[0]?.finish_reason).toBe("length");
  });

  test("gives structured output that fits the schema", async () => {
    const schema = { type: "object", properties: { count: { type: "integer" }, ok: { type: "boolean" } } };
    const completion = await client.chat.completions.create({
      model: "simulated/small",
      messages,
      response_format: { type: "json_schema", json_schema: { name: "x", schema } },
    });
    expect(JSON.parse(completion.choices[0]?.message.content ?? "")).toEqual({ count: 1, ok: true });
  });

  test("embeds, as numbers and as base64", async () => {
    const input = ["one", "two", "one"];
    const { data } = await client.embeddings.create({ model: "simulated/embedding", input });
    expect(data[0]?.embedding).toEqual(data[2]?.embedding);
    expect(data[0]?.embedding).not.toEqual(data[1]?.embedding);
    expect(Math.hypot(...(data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
  });
});

describe("failures", () => {
  const ask = () => client.chat.completions.create({ model: "simulated/small", messages });
  const read = async () => {
    const stream = await client.chat.completions.create({ model: "simulated/small", messages, stream: true });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    return text;
  };

  test("unknown model, wrong key, context too small, rate limit", async () => {
    await expect(client.chat.completions.create({ model: "nope", messages })).rejects.toThrow(NotFoundError);
    const stranger = new OpenAI({ baseURL: simulator.url, apiKey: "sk-other", maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401 });
    const long = [{ role: "user" as const, content: "word ".repeat(400) }];
    await expect(
      client.chat.completions.create({ model: "simulated/tiny-context", messages: long }),
    ).rejects.toMatchObject({ status: 400, code: "context_length_exceeded" });
    simulator.faults.set({ kind: "status", status: 429, retryAfter: "2" });
    await expect(ask()).rejects.toThrow(RateLimitError);
    await expect(ask()).resolves.toBeDefined();
  });

  test.each([
    [{ kind: "cut", afterEvents: 3 } as const],
    [{ kind: "malformed_event", afterEvents: 3 } as const],
    [{ kind: "error_in_stream", afterEvents: 3 } as const],
  ])("%j breaks the stream", async (fault) => {
    simulator.faults.set(fault);
    await expect(read()).rejects.toThrow();
  });

  test("an early end leaves half a text", async () => {
    simulator.faults.set({ kind: "end_early", afterEvents: 4 });
    const half = await read();
    expect((await read()).startsWith(half)).toBe(true);
    expect(half.length).toBeLessThan((await read()).length);
  });

  test("a stall lasts until the caller goes, which is noted", async () => {
    simulator.faults.set({ kind: "stall", afterEvents: 2 });
    const impatient = new OpenAI({ baseURL: simulator.url, apiKey: "sk-test", maxRetries: 0 });
    const stream = await impatient.chat.completions.create({ model: "simulated/small", messages, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    stream.controller.abort();
    await expect.poll(() => simulator.calls().at(-1)?.abandoned).toBe(true);
  });

  test("an error can hide in a 200", async () => {
    simulator.faults.set({ kind: "error_in_200" });
    const answer = await ask().catch((error: unknown) => error);
    expect(answer instanceof APIError || (answer as { error?: unknown }).error !== undefined).toBe(true);
  });
});
