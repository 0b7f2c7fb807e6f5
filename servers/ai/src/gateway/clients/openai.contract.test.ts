import OpenAI, { AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AiHarness, startAiHarness } from "../../testing/ai-harness.ts";
import { pixel, upstreamCalls } from "./upstream-calls.ts";

// The official client as an application has it: nothing set but the base URL and the key.
let harness: AiHarness;
let client: OpenAI;

beforeAll(async () => {
  harness = await startAiHarness();
  client = new OpenAI({ baseURL: `${harness.url}/v1`, apiKey: await harness.createBearer() });
});
afterAll(() => harness.close());

const model = "simulated/small";
const ask = (content: string) => ({ model, messages: [{ role: "user" as const, content }] });

describe("the openai client", () => {
  test("reads a stream, and the same text whole and as a stream out of the cache", async () => {
    const question = { ...ask("What is a harbour?"), stream_options: { include_usage: true } };
    const pieces: string[] = [];
    const live = client.chat.completions.stream(question).on("content", (delta) => pieces.push(delta));
    const streamed = await live.finalChatCompletion();
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join("")).toContain("[Simulated answer");
    const whole = await client.chat.completions.create(ask("What is a harbour?"));
    const replayed = await client.chat.completions.stream(question).finalChatCompletion();
    for (const { choices, usage } of [streamed, whole, replayed]) {
      expect(choices[0]).toMatchObject({ finish_reason: "stop", message: { content: pieces.join("") } });
      expect(usage).toMatchObject({ total_tokens: streamed.usage?.total_tokens });
    }
    expect(streamed.usage?.total_tokens).toBeGreaterThan(0);
    expect(upstreamCalls(harness)).toHaveLength(1);
  });

  test("runs a tool and hands its result back", async () => {
    const cities: string[] = [];
    const runner = client.chat.completions.runTools({
      ...ask("Use get_weather for Oslo"),
      tools: [
        {
          type: "function",
          function: {
            name: "get_weather",
            description: "The weather of a city.",
            parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
            parse: JSON.parse,
            function: ({ city }: { city: string }) => {
              cities.push(city);
              return "7 degrees";
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toContain("[Simulated answer");
    expect(cities).toEqual(["simulated"]);
    const [, assistant, result] = upstreamCalls(harness).at(-1)?.messages ?? [];
    expect(assistant).toMatchObject({ role: "assistant", tool_calls: [{ function: { name: "get_weather" } }] });
    expect(result).toMatchObject({ role: "tool", content: "7 degrees" });
  });

  test("parses structured output by its schema", async () => {
    const Report = z.object({ city: z.string(), degrees: z.number(), isSunny: z.boolean() });
    const completion = await client.chat.completions.parse({
      ...ask("Report."),
      response_format: zodResponseFormat(Report, "report"),
    });
    expect(completion.choices[0]?.message.parsed).toEqual({ city: "simulated", degrees: 1, isSunny: true });
    expect(upstreamCalls(harness).at(-1)).toMatchObject({ response_format: { json_schema: { strict: true } } });
  });

  test("sends a picture, which arrives unchanged", async () => {
    const content = [
      { type: "text" as const, text: "What is this?" },
      { type: "image_url" as const, image_url: { url: pixel, detail: "low" as const } },
    ];
    await client.chat.completions.create({ model, messages: [{ role: "user", content }] });
    expect(upstreamCalls(harness).at(-1)?.messages).toEqual([{ role: "user", content }]);
  });

  test("embeds, whichever encoding it asks for", async () => {
    const input = ["the harbour at night", "the harbour at night", "a bicycle"];
    const packed = await client.embeddings.create({ model: "sophia-embed", input });
    const plain = await client.embeddings.create({ model: "sophia-embed", input, encoding_format: "float" });
    expect(packed.data.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(packed.data[0]?.embedding).toEqual(packed.data[1]?.embedding);
    expect(packed.data[2]?.embedding).toEqual(plain.data[2]?.embedding.map(Math.fround));
  });

  test("lists models", async () => {
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual(expect.arrayContaining([model, "simulated/large", "sophia-embed"]));
  });
});

describe("the openai client's errors", () => {
  test("a wrong key, a model that nobody has, a prompt that is too long", async () => {
    const stranger = new OpenAI({ baseURL: `${harness.url}/v1`, apiKey: "sk-stranger" });
    await expect(stranger.chat.completions.create(ask("x"))).rejects.toThrow(AuthenticationError);
    const unknown = client.chat.completions.create({ ...ask("x"), model: "nobody/none" });
    await expect(unknown).rejects.toThrow(NotFoundError);
    await expect(unknown).rejects.toMatchObject({ code: "model_not_found", type: "invalid_request_error" });
    const long = client.chat.completions.create({ ...ask("word ".repeat(500)), model: "simulated/tiny-context" });
    await expect(long).rejects.toThrow(BadRequestError);
  });

  test("a provider's limit, and when to come back: it does so by itself", async () => {
    const own = await startAiHarness();
    try {
      const apiKey = await own.createBearer();
      const impatient = new OpenAI({ baseURL: `${own.url}/v1`, apiKey, maxRetries: 0 });
      own.simulator.faults.set({ kind: "status", status: 429, retryAfter: "1" });
      const error = await impatient.chat.completions.create(ask("busy?")).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RateLimitError);
      expect((error as RateLimitError).headers.get("retry-after")).toBe("1");
      const patient = impatient.withOptions({ maxRetries: 2 });
      expect((await patient.chat.completions.create(ask("busy?"))).choices).toHaveLength(1);
    } finally {
      await own.close();
    }
  });

  test("leaving a stream reaches the provider", async () => {
    harness.simulator.faults.set({ kind: "stall", afterEvents: 4 });
    const stream = await client.chat.completions.create({ ...ask("Tell me more."), stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    await expect.poll(() => harness.simulator.calls().at(-1)?.abandoned).toBe(true);
  });

  test("so does an abort before the answer", async () => {
    const before = harness.simulator.calls().length;
    harness.simulator.faults.set({ kind: "slow", delayMs: 20_000 });
    const abort = new AbortController();
    const asking = client.chat.completions.create(ask("Take your time."), { signal: abort.signal });
    await expect.poll(() => harness.simulator.calls().length).toBe(before + 1);
    abort.abort();
    await expect(asking).rejects.toThrow("aborted");
    await expect.poll(() => harness.simulator.calls().at(-1)?.abandoned).toBe(true);
  });
});
