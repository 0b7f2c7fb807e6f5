import { type AIMessageChunk, HumanMessage, ToolMessage, type UsageMetadata } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AiHarness, startAiHarness } from "../../testing/ai-harness.ts";
import { pixel, upstreamCalls } from "./upstream-calls.ts";

let harness: AiHarness;
let apiKey: string;
let chat: ChatOpenAI;

beforeAll(async () => {
  harness = await startAiHarness();
  apiKey = await harness.createBearer();
  chat = createChat();
});
afterAll(() => harness.close());

function createChat(options: { model?: string; apiKey?: string; url?: string } = {}): ChatOpenAI {
  const { model = "simulated/small", url = harness.url } = options;
  return new ChatOpenAI({
    model,
    apiKey: options.apiKey ?? apiKey,
    maxRetries: 0,
    configuration: { baseURL: `${url}/v1` },
  });
}

async function read(stream: Promise<AsyncIterable<AIMessageChunk>>): Promise<AIMessageChunk[]> {
  const chunks: AIMessageChunk[] = [];
  for await (const chunk of await stream) chunks.push(chunk);
  return chunks;
}

function join(chunks: readonly AIMessageChunk[]): AIMessageChunk {
  return chunks.reduce((all, chunk) => all.concat(chunk));
}

const getWeather = tool(async () => "7 degrees", {
  name: "get_weather",
  description: "The weather of a city.",
  schema: z.object({ city: z.string() }),
});

describe("LangChain's client", () => {
  test("reads a stream with its usage, and the same text whole", async () => {
    const chunks = await read(chat.stream("What is a harbour?"));
    const whole = await chat.invoke("What is a harbour?");
    const text = chunks.map((chunk) => chunk.text).join("");
    expect(chunks.length).toBeGreaterThan(3);
    expect(text).toContain("[Simulated answer");
    expect(whole.text).toBe(text);
    const { usage_metadata: usage } = join(chunks) as unknown as { usage_metadata?: UsageMetadata };
    expect(usage?.total_tokens).toBeGreaterThan(20);
    expect(whole.usage_metadata).toMatchObject({ total_tokens: usage?.total_tokens });
  });

  test("calls a tool, streamed or not, and takes its result", async () => {
    const withTools = chat.bindTools([getWeather]);
    const question = new HumanMessage("Use get_weather for Oslo");
    const called = await withTools.invoke([question]);
    const [call] = called.tool_calls ?? [];
    expect(call).toMatchObject({ name: "get_weather", args: { city: "simulated" } });
    const streamed = join(await read(withTools.stream([question])));
    expect(streamed.tool_calls).toMatchObject([{ name: "get_weather", args: { city: "simulated" } }]);
    const result = new ToolMessage({ content: "7 degrees", tool_call_id: call?.id ?? "" });
    const answer = await withTools.invoke([question, called, result]);
    expect(answer.text).toContain("[Simulated answer");
    expect(upstreamCalls(harness).at(-1)?.messages.at(-1)).toMatchObject({ role: "tool", content: "7 degrees" });
  });

  test("gives structured output by a schema", async () => {
    const Report = z.object({ city: z.string(), degrees: z.number() });
    const report = await chat.withStructuredOutput(Report, { method: "jsonSchema" }).invoke("Report.");
    expect(report).toEqual({ city: "simulated", degrees: 1 });
    expect(upstreamCalls(harness).at(-1)).toMatchObject({ response_format: { type: "json_schema" } });
  });

  test("sends a picture", async () => {
    const content = [
      { type: "text" as const, text: "What is this?" },
      { type: "image_url" as const, image_url: { url: pixel } },
    ];
    await chat.invoke([new HumanMessage({ content })]);
    expect(upstreamCalls(harness).at(-1)?.messages).toEqual([{ role: "user", content }]);
  });

  test("embeds documents and a query", async () => {
    const configuration = { baseURL: `${harness.url}/v1` };
    const embeddings = new OpenAIEmbeddings({ model: "sophia-embed", apiKey, configuration });
    const [first, second] = await embeddings.embedDocuments(["the harbour at night", "a bicycle"]);
    expect(await embeddings.embedQuery("the harbour at night")).toEqual(first);
    expect(second).not.toEqual(first);
    expect(Math.hypot(...(first ?? []))).toBeCloseTo(1, 5);
  });
});

describe("LangChain's client in trouble", () => {
  test("knows a wrong key, a model that nobody has, and a prompt that is too long", async () => {
    await expect(createChat({ apiKey: "sk-stranger" }).invoke("x")).rejects.toMatchObject({
      status: 401,
      lc_error_code: "MODEL_AUTHENTICATION",
    });
    await expect(createChat({ model: "nobody/none" }).invoke("x")).rejects.toMatchObject({
      status: 404,
      lc_error_code: "MODEL_NOT_FOUND",
    });
    const small = createChat({ model: "simulated/tiny-context" });
    await expect(small.invoke("word ".repeat(500))).rejects.toMatchObject({ status: 400 });
  });

  test("knows a provider's limit and when to come back", async () => {
    const own = await startAiHarness();
    try {
      own.simulator.faults.set({ kind: "status", status: 429, retryAfter: "2" });
      const limited = createChat({ url: own.url, apiKey: await own.createBearer() });
      const error = await limited.invoke("busy?").catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ status: 429, lc_error_code: "MODEL_RATE_LIMIT" });
      expect((error as { headers: Headers }).headers.get("retry-after")).toBe("2");
    } finally {
      await own.close();
    }
  });

  test("an abort reaches the provider", async () => {
    harness.simulator.faults.set({ kind: "stall", afterEvents: 4 });
    const abort = new AbortController();
    const reading = (async () => {
      for await (const chunk of await chat.stream("Tell me more.", { signal: abort.signal })) {
        if (chunk.text !== "") abort.abort();
      }
    })();
    await expect(reading).rejects.toThrow(/abort/i);
    await expect.poll(() => harness.simulator.calls().at(-1)?.abandoned).toBe(true);
  });
});
