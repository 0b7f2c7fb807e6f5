import { createOpenAICompatible, type OpenAICompatibleProvider } from "@ai-sdk/openai-compatible";
import { APICallError, embedMany, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AiHarness, startAiHarness } from "../../testing/ai-harness.ts";
import { pixel, upstreamCalls } from "./upstream-calls.ts";

let harness: AiHarness;
let provider: OpenAICompatibleProvider;

beforeAll(async () => {
  harness = await startAiHarness();
  provider = createProvider(harness, await harness.createBearer());
});
afterAll(() => harness.close());

function createProvider({ url }: AiHarness, apiKey: string): OpenAICompatibleProvider {
  return createOpenAICompatible({
    name: "sophia",
    baseURL: `${url}/v1`,
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
}

const model = "simulated/small";

describe("the AI SDK", () => {
  test("reads a stream with its usage, and the same text whole", async () => {
    const stream = streamText({ model: provider(model), prompt: "What is a harbour?" });
    const pieces: string[] = [];
    for await (const piece of stream.textStream) pieces.push(piece);
    const whole = await generateText({ model: provider(model), prompt: "What is a harbour?" });
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join("")).toContain("[Simulated answer");
    expect(whole.text).toBe(pieces.join(""));
    expect(await stream.finishReason).toBe("stop");
    expect(whole.usage.totalTokens).toBeGreaterThan(0);
    expect((await stream.usage).totalTokens).toBe(whole.usage.totalTokens);
  });

  test.each(["whole", "streamed"])("runs a tool and goes on with its result (%s)", async (way) => {
    const cities: string[] = [];
    const call = {
      model: provider(model),
      prompt: `Use get_weather for Oslo (${way})`,
      stopWhen: stepCountIs(3),
      tools: {
        get_weather: tool({
          description: "The weather of a city.",
          inputSchema: z.object({ city: z.string() }),
          execute: async ({ city }) => {
            cities.push(city);
            return "7 degrees";
          },
        }),
      },
    };
    const text = way === "whole" ? (await generateText(call)).text : await streamText(call).text;
    expect(text).toContain("[Simulated answer");
    expect(cities).toEqual(["simulated"]);
    expect(upstreamCalls(harness).at(-1)?.messages.at(-1)).toMatchObject({ role: "tool", content: "7 degrees" });
  });

  test("gives structured output by a schema", async () => {
    const schema = z.object({ city: z.string(), degrees: z.number() });
    const { output } = await generateText({
      model: provider(model),
      prompt: "Report.",
      output: Output.object({ schema }),
    });
    expect(output).toEqual({ city: "simulated", degrees: 1 });
    expect(upstreamCalls(harness).at(-1)).toMatchObject({ response_format: { type: "json_schema" } });
  });

  test("sends a picture", async () => {
    const content = [
      { type: "text" as const, text: "What is this?" },
      { type: "file" as const, mediaType: "image/png", data: pixel },
    ];
    await generateText({ model: provider(model), messages: [{ role: "user", content }] });
    const [message] = upstreamCalls(harness).at(-1)?.messages ?? [];
    expect(message).toMatchObject({ content: [{ type: "text" }, { type: "image_url", image_url: { url: pixel } }] });
  });

  test("embeds many texts", async () => {
    const values = ["the harbour at night", "the harbour at night", "a bicycle"];
    const { embeddings, usage } = await embedMany({ model: provider.embeddingModel("sophia-embed"), values });
    expect(embeddings[0]).toEqual(embeddings[1]);
    expect(embeddings[0]).not.toEqual(embeddings[2]);
    expect(usage.tokens).toBeGreaterThan(0);
  });
});

describe("the AI SDK in trouble", () => {
  const failure = async (call: Promise<unknown>): Promise<APICallError> => {
    const error = await call.catch((thrown: unknown) => thrown);
    if (APICallError.isInstance(error)) return error;
    throw new Error("That was no API error.", { cause: error });
  };

  test("knows a wrong key, a model that nobody has, and a prompt that is too long", async () => {
    const stranger = createProvider(harness, "sk-stranger");
    const refused = await failure(generateText({ model: stranger(model), prompt: "x" }));
    expect(refused).toMatchObject({ statusCode: 401, isRetryable: false });
    const unknown = await failure(generateText({ model: provider("nobody/none"), prompt: "x" }));
    expect(unknown).toMatchObject({
      statusCode: 404,
      isRetryable: false,
      data: { error: { code: "model_not_found" } },
    });
    const long = { model: provider("simulated/tiny-context"), prompt: "word ".repeat(500) };
    expect(await failure(generateText(long))).toMatchObject({ statusCode: 400, isRetryable: false });
  });

  test("knows a provider's limit and when to come back", async () => {
    const own = await startAiHarness();
    try {
      own.simulator.faults.set({ kind: "status", status: 429, retryAfter: "2" });
      const limited = createProvider(own, await own.createBearer());
      const error = await failure(generateText({ model: limited(model), prompt: "busy?", maxRetries: 0 }));
      expect(error).toMatchObject({ statusCode: 429, isRetryable: true, responseHeaders: { "retry-after": "2" } });
    } finally {
      await own.close();
    }
  });

  test("an abort reaches the provider", async () => {
    harness.simulator.faults.set({ kind: "stall", afterEvents: 4 });
    const abort = new AbortController();
    const stream = streamText({ model: provider(model), prompt: "Tell me more.", abortSignal: abort.signal });
    const seen: string[] = [];
    for await (const part of stream.fullStream) {
      seen.push(part.type);
      if (part.type === "text-delta") abort.abort();
    }
    expect(seen.at(-1)).toBe("abort");
    await expect.poll(() => harness.simulator.calls().at(-1)?.abandoned).toBe(true);
  });
});
