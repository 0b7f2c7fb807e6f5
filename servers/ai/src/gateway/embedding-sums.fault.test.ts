import { rawReply } from "@sophia/core/testing/raw-upstream";
import { estimateTokens } from "@sophia/vendors/openai-shape/usage";
import { afterEach, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import { rawEndpoint, rawJson, type RawProvider, startRawProvider } from "../testing/raw-provider.ts";

/** USD for a token: dear enough for a cent to be one look-up. */
const prices = { input: 1e-4, output: 1e-4 };
const calls = 1_000;

let harness: AiHarness | undefined;
let provider: RawProvider | undefined;
afterEach(async () => {
  await harness?.close();
  await provider?.stop();
});

/** What the provider says it bills, whatever becomes of its answer: every seventh lacks a vector, every eleventh is a refusal. */
async function open() {
  const bill = { costUsd: 0, answers: 0 };
  const raw = await startRawProvider(["m/embed"], prices);
  provider = raw;
  raw.answer((socket, { body }) => {
    const { input } = JSON.parse(body) as { input: string[] };
    bill.answers += 1;
    if (bill.answers % 11 === 0) {
      socket.write(rawReply(400, rawJson, JSON.stringify({ error: { message: "not this" } })));
      return;
    }
    const tokens = input.reduce((sum, text) => sum + estimateTokens(text), 0);
    bill.costUsd += tokens * prices.input;
    const whole = input.map((text, index) => ({ index, embedding: [text.length, 3] }));
    const data = bill.answers % 7 === 0 ? whole.slice(1) : whole;
    const cost = bill.answers % 2 === 0 ? { cost: tokens * prices.input } : {};
    const usage = { prompt_tokens: tokens, total_tokens: tokens, ...cost };
    socket.write(rawReply(200, rawJson, JSON.stringify({ data, model: "m/embed", usage })));
  });
  const settings = { SOPHIA_EMBED_MODEL: "m/embed" };
  const opened = await startAiHarness({ endpoints: () => [rawEndpoint("openrouter", raw)], settings });
  harness = opened;
  return { bill, ...opened };
}

test(`the sum of ${calls} mixed look-ups, rankings and embeddings is what the provider bills`, async () => {
  const { bill, services, spent, url, createBearer, platform } = await open();
  const { embedder, reranker } = services;
  const bearer = await createBearer();
  const post = (input: string) =>
    fetch(`${url}/v1/embeddings`, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "sophia-embed", input }),
    });
  const outcomes = { answered: 0, failed: 0 };
  const ask = async (index: number): Promise<unknown> => {
    const account = { caller: `caller ${index % 7}`, requestId: `request ${index}` };
    // One in three repeats an earlier text, and what is remembered is free.
    const text = `question ${index % 3 === 0 ? index % 60 : index} ${"and more ".repeat(index % 20)}`;
    if (index % 10 === 1) return await post(text);
    if (index % 10 === 2) return await reranker.rerank(text, [`${text} one`, `${text} two`], { account });
    return await embedder.embed([text], { purpose: index % 2 === 0 ? "query" : "document", account });
  };
  for (let from = 0; from < calls; from += 50) {
    const batch = Array.from({ length: 50 }, (_, offset) => ask(from + offset));
    for (const { status } of await Promise.allSettled(batch)) {
      outcomes[status === "fulfilled" ? "answered" : "failed"] += 1;
    }
  }
  expect(outcomes.answered).toBeGreaterThan(calls / 2);
  expect(outcomes.failed).toBeGreaterThan(10);
  const { costUsd } = await spent();
  expect(bill.costUsd).toBeGreaterThan(1);
  expect(costUsd).toBeCloseTo(bill.costUsd, 6);
  await services.callLog.flush();
  const records = await platform.store.db.selectFrom("ai_calls").select("cost_nano_usd").execute();
  expect(records.reduce((sum, row) => sum + Number(row.cost_nano_usd), 0) / 1e9).toBeCloseTo(bill.costUsd, 6);
});

test("a look-up that is left is booked by what was sent, and not at all while it waits", async () => {
  const { services, spent } = await open();
  const { embedder } = services;
  const leaving = new AbortController();
  provider?.answer(() => leaving.abort());
  const account = { caller: "c", requestId: "r" };
  const wish = { purpose: "query" as const, account, signal: leaving.signal };
  await expect(embedder.embed(["twelve words ".repeat(10)], wish)).rejects.toThrow("abort");
  const left = await spent();
  expect(left.costUsd).toBeCloseTo(estimateTokens("twelve words ".repeat(10)) * prices.input, 9);
  await expect(embedder.embed(["another text"], wish)).rejects.toThrow("abort");
  expect((await spent()).costUsd).toBe(left.costUsd);
});
