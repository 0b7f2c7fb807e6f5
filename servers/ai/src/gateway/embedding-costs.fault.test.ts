import { rawReply } from "@sophia/core/testing/raw-upstream";
import { afterEach, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import { createPolicyKey } from "../testing/policy-key.ts";
import { rawEndpoint, rawJson, rawPrices, type RawProvider, startRawProvider } from "../testing/raw-provider.ts";

let harness: AiHarness | undefined;
let place: RawProvider | undefined;
afterEach(async () => {
  await harness?.close();
  await place?.stop();
});

async function open(settings: Record<string, string>) {
  const provider = await startRawProvider(["m/embed"]);
  place = provider;
  const opened = await startAiHarness({ endpoints: () => [rawEndpoint("openrouter", provider)], settings });
  harness = opened;
  const bearer = await opened.createBearer();
  const embed = async (model: string, input: string, signal?: AbortSignal): Promise<Response> =>
    await fetch(`${opened.url}/v1/embeddings`, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: JSON.stringify({ model, input }),
      ...(signal && { signal }),
    });
  return { provider, embed, spent: () => opened.spent() };
}

test("the server's own embedder is booked to the provider it asks, and free when it remembers", async () => {
  const { provider, embed, spent } = await open({ SOPHIA_EMBED_MODEL: "m/embed" });
  const body = JSON.stringify({
    data: [{ index: 0, embedding: [3, 4] }],
    model: "m/embed",
    usage: { prompt_tokens: 7 },
  });
  provider.answer((socket) => socket.write(rawReply(200, rawJson, body)));
  const first = await embed("sophia-embed", "some text");
  expect([first.status, await first.text()]).toMatchObject([200, expect.stringContaining("m/embed")]);
  expect(Object.fromEntries(first.headers)).toMatchObject({
    "x-sophia-provider": "openrouter",
    "x-sophia-mode": "live",
    "x-sophia-cost-usd": "0.000007",
  });
  expect((await spent()).costUsd).toBeCloseTo(7 * rawPrices.input, 9);
  expect(harness?.services.embedder.status()).toMatchObject({ service: "openrouter", mode: "live" });
  const again = await embed("sophia-embed", "some text");
  expect([again.status, again.headers.get("x-sophia-cost-usd")]).toEqual([200, "0"]);
  expect((await spent()).costUsd).toBeCloseTo(7 * rawPrices.input, 9);
});

test("a key may name the server's embedder by either of its names", async () => {
  const { provider } = await open({ SOPHIA_EMBED_MODEL: "m/embed" });
  const data = [{ index: 0, embedding: [3, 4] }];
  provider.answer((socket) => socket.write(rawReply(200, rawJson, JSON.stringify({ data, model: "m/embed" }))));
  for (const [allowed, status] of [
    ["sophia-embed", 200],
    ["m/*", 200],
    ["other", 403],
  ] as const) {
    const key = await createPolicyKey(harness as AiHarness, { allowedModels: [allowed] });
    expect((await key.post("embeddings", { model: "sophia-embed", input: "a" })).status, allowed).toBe(status);
  }
});

test("an embedding that its caller breaks off is booked by what was sent", async () => {
  const { provider, embed, spent } = await open({});
  const leaving = new AbortController();
  provider.answer(() => leaving.abort());
  await expect(embed("m/embed", "some text ".repeat(50), leaving.signal)).rejects.toThrow("abort");
  await expect.poll(async () => (await spent()).entries, { timeout: 3_000 }).toBe(1);
  const { costUsd, estimatedUsd } = await spent();
  expect(costUsd).toBeGreaterThan(50 * rawPrices.input);
  expect(estimatedUsd).toBe(costUsd);
});
