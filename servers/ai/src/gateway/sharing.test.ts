import { APIUserAbortError, type OpenAI } from "openai";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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
const chatCalls = () => harness.simulator.calls().filter((call) => call.path === "/v1/chat/completions");
const spent = () => harness.spent();

async function readText(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

describe("the cache", () => {
  test("an equal request is free, in whichever form it is asked, and only for the same caller", async () => {
    const first = await client.chat.completions.create(ask("again"));
    const { data, response } = await client.chat.completions.create(ask("again")).withResponse();
    expect(response.headers.get("x-sophia-cache")).toBe("hit");
    expect(response.headers.get("x-sophia-cost-usd")).toBe("0");
    expect(data.choices[0]?.message.content).toBe(first.choices[0]?.message.content);
    expect(data.usage?.total_tokens).toBe(first.usage?.total_tokens);
    const replayed = client.chat.completions.create({ ...ask("again"), stream: true });
    expect(await readText(await replayed)).toBe(first.choices[0]?.message.content);
    expect(chatCalls()).toHaveLength(1);
    expect((await spent()).entries).toBe(1);
    const other = await harness.createClient();
    await other.chat.completions.create(ask("again"));
    expect(chatCalls()).toHaveLength(2);
  });

  test("a streamed answer is given again to one who does not stream", async () => {
    const text = await readText(await client.chat.completions.create({ ...ask("again"), stream: true }));
    await expect
      .poll(async () =>
        (await client.chat.completions.create(ask("again")).withResponse()).response.headers.get("x-sophia-cache"),
      )
      .toBe("hit");
    expect((await client.chat.completions.create(ask("again"))).choices[0]?.message.content).toBe(text);
  });

  test("bypass neither reads nor writes", async () => {
    await client.chat.completions.create(ask("b"), { headers: { "x-sophia-cache": "bypass" } });
    const { response } = await client.chat.completions.create(ask("b")).withResponse();
    expect(response.headers.get("x-sophia-cache")).toBe("miss");
    await client.chat.completions.create(ask("b"), { headers: { "cache-control": "no-store" } });
    expect(chatCalls()).toHaveLength(3);
  });

  test("a cut answer is not kept", async () => {
    const body = { ...ask("long"), max_tokens: 4 };
    expect((await client.chat.completions.create(body)).choices[0]?.finish_reason).toBe("length");
    await readText(await client.chat.completions.create({ ...body, stream: true }));
    await client.chat.completions.create(body);
    expect(chatCalls()).toHaveLength(3);
  });

  test("of a thousand equal misses one reaches the provider", async () => {
    harness.simulator.faults.set({ kind: "slow", delayMs: 150 });
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        index % 10 === 0
          ? client.chat.completions.create(ask("crowd")).then((answer) => answer.choices[0]?.message.content)
          : harness.services.completions
              .complete({
                request: ask("crowd"),
                caller: { id: "someone", name: "someone", scopes: ["read"] },
                requestId: String(index),
                signal: new AbortController().signal,
                cache: "use",
              })
              .then((answer) => (answer.completion as unknown as OpenAI.ChatCompletion).choices[0]?.message.content),
      ),
    );
    expect(new Set(answers).size).toBe(1);
    // One per caller: they share no answers.
    expect(chatCalls()).toHaveLength(2);
    expect((await spent()).entries).toBe(2);
  });

  test("of a hundred equal streams one reaches the provider, and all get the whole text", async () => {
    harness.simulator.faults.set({ kind: "slow", delayMs: 100 });
    const texts = await Promise.all(
      Array.from({ length: 100 }, async () =>
        readText(await client.chat.completions.create({ ...ask("crowd"), stream: true })),
      ),
    );
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain("[Simulated answer");
    expect(chatCalls()).toHaveLength(1);
  });
});

describe("when the caller leaves", () => {
  test("the provider's stream is cancelled and what came is charged as an estimate", async () => {
    harness.simulator.faults.set({ kind: "stall", afterEvents: 6 });
    const stream = await client.chat.completions.create({ ...ask("leave"), stream: true });
    let seen = 0;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) seen += 1;
      if (seen === 3) break;
    }
    stream.controller.abort();
    await expect.poll(() => chatCalls()[0]?.abandoned, { timeout: 10_000 }).toBe(true);
    await expect.poll(async () => (await spent()).entries, { timeout: 10_000 }).toBe(1);
    const total = await spent();
    expect(total).toMatchObject({ estimatedUsd: total.costUsd });
    expect(total.costUsd).toBeGreaterThan(0);
  });

  test("a whole call is cancelled too", async () => {
    harness.simulator.faults.set({ kind: "slow", delayMs: 10_000 });
    const controller = new AbortController();
    const call = client.chat.completions.create(ask("x"), { signal: controller.signal });
    await expect.poll(() => chatCalls().length, { timeout: 10_000 }).toBe(1);
    controller.abort();
    await expect(call).rejects.toThrow(APIUserAbortError);
    await expect.poll(() => chatCalls()[0]?.abandoned, { timeout: 10_000 }).toBe(true);
  });

  test("one of two readers may go without taking the stream from the other", async () => {
    harness.simulator.faults.set({ kind: "slow", delayMs: 80 });
    const [leaver, stayer] = await Promise.all([
      client.chat.completions.create({ ...ask("two"), stream: true }),
      client.chat.completions.create({ ...ask("two"), stream: true }),
    ]);
    leaver.controller.abort();
    expect(await readText(stayer)).toContain("[Simulated answer");
    expect(chatCalls()).toHaveLength(1);
    expect(chatCalls()[0]?.abandoned).toBe(false);
  });
});
