import { startOpenRouterSimulator } from "@sophia/simulators/openrouter/simulator";
import { startTogetherSimulator } from "@sophia/simulators/together/simulator";
import OpenAI from "openai";
import { afterEach, describe, expect, test } from "vitest";

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

const vendors = [
  { name: "OpenRouter", start: startOpenRouterSimulator, model: "simulated/small", embedding: "simulated/embedding" },
  {
    name: "Together",
    start: startTogetherSimulator,
    model: "simulated/Small-8B-Turbo",
    embedding: "simulated/bge-base",
  },
];

describe.each(vendors)("OpenAI's own SDK against the simulator of $name", ({ start, model, embedding }) => {
  async function connect(): Promise<{ sdk: OpenAI; faults: Awaited<ReturnType<typeof start>>["faults"] }> {
    const simulator = await start({ seed: 3, apiKey: "key" });
    close = () => simulator.close();
    const sdk = new OpenAI({ baseURL: simulator.url, apiKey: "key", maxRetries: 0, timeout: 5_000 });
    return { sdk, faults: simulator.faults };
  }
  const messages = [{ role: "user" as const, content: "How many hosts are down?" }];

  test("completes, streams, calls tools, writes JSON, embeds", async () => {
    const { sdk } = await connect();
    const whole = await sdk.chat.completions.create({ model, messages });
    let text = "";
    for await (const chunk of await sdk.chat.completions.create({ model, messages, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(text).toContain("Simulated answer");
    const parameters = { type: "object", properties: { host: { type: "string" } }, required: ["host"] };
    const tools = [{ type: "function" as const, function: { name: "ping_host", parameters } }];
    const called = await sdk.chat.completions.create({ model, messages, tools, tool_choice: "required" });
    expect(called.choices[0]?.message.tool_calls).toMatchObject([{ function: { arguments: '{"host":"simulated"}' } }]);
    const json_schema = { name: "answer", schema: { type: "object", properties: { count: { type: "integer" } } } };
    const response_format = { type: "json_schema" as const, json_schema };
    const structured = await sdk.chat.completions.create({ model, messages, response_format });
    expect(JSON.parse(structured.choices[0]?.message.content ?? "")).toEqual({ count: 1 });
    expect(
      (await sdk.embeddings.create({ model: embedding, input: ["a", "b"], encoding_format: "float" })).data,
    ).toHaveLength(2);
  });

  test.each([
    [401, OpenAI.AuthenticationError],
    [404, OpenAI.NotFoundError],
    [429, OpenAI.RateLimitError],
    [503, OpenAI.InternalServerError],
  ])("knows a %i", async (status, kind) => {
    const { sdk, faults } = await connect();
    faults.set({ kind: "status", status });
    await expect(sdk.chat.completions.create({ model, messages })).rejects.toThrow(kind);
  });

  test("stops where it is told to", async () => {
    const { sdk } = await connect();
    const stream = await sdk.chat.completions.create({ model, messages, stream: true });
    let pieces = 0;
    for await (const _chunk of stream) {
      pieces += 1;
      stream.controller.abort();
    }
    expect(pieces).toBeGreaterThan(0);
  });
});
