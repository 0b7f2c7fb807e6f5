import type OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "./testing/ai-harness.ts";

// What people think of answers must reach all that rests on it, through the whole server.

const [good, poor] = ["simulated/small", "simulated/large"] as const;
const judgedCalls = 60;
const judge = { id: "judge", name: "judge", scopes: ["read" as const, "write" as const] };

let harness: AiHarness;
let client: OpenAI;

async function ask(model: string, content: string, headers: Record<string, string>) {
  const request = { model, messages: [{ role: "user" as const, content }] };
  return (await client.chat.completions.create(request, { headers }).withResponse()).response.headers;
}

async function teach(model: string, scoreOf: (index: number) => number): Promise<void> {
  for (let index = 0; index < judgedCalls; index += 1) {
    const headers = await ask(model, `${model} question ${index}`, { "x-sophia-cache": "exact" });
    const requestId = headers.get("x-sophia-request-id") ?? "";
    await harness.services.feedback.give({ requestId, score: scoreOf(index) }, judge);
  }
}

beforeAll(async () => {
  harness = await startAiHarness();
  client = await harness.createClient();
  // A category whose threshold has been learned, so that it serves.
  const checks = Array.from({ length: 400 }, (_value, index) => {
    const score = 0.3 + (index / 400) * 0.7;
    const correct = score < 0.5 ? index % 2 : 1;
    return { id: `check ${index}`, category: "faq", score, correct, served: 0, created_at: Date.now() };
  });
  await harness.platform.store.db.insertInto("semantic_checks").values(checks).execute();
  await teach(good, () => 1);
  await teach(poor, (index) => index % 2);
}, 60_000);
afterAll(() => harness.close());

test("the better model's answers serve requests for the other one, marked, and not the other way round", async () => {
  const faq = { "x-sophia-category": "faq" };
  await ask(good, "How do I reset my password?", faq);
  await expect
    .poll(
      async () => (await harness.services.semanticCache.stats()).find(({ category }) => category === "faq")?.entries,
    )
    .toBe(1);
  const served = await ask(poor, "how do i reset my password", faq);
  const told = ["cache", "model", "cached-class"].map((name) => served.get(`x-sophia-${name}`));
  expect(told).toEqual(["semantic", good, "other"]);
  await ask(poor, "Explain the contract", faq);
  const fresh = await ask(good, "explain the contract", faq);
  expect([fresh.get("x-sophia-cache"), fresh.get("x-sophia-model")]).toEqual(["miss", good]);
});

test("the advice is the cheaper model that people found good enough, and no other", async () => {
  const { callLog, usage } = harness.services;
  await callLog.flush();
  const now = Date.now();
  const advice = await usage.reports.advice({ range: { since: now - 3_600_000, until: now + 3_600_000 }, filter: {} });
  const models = advice.filter(({ kind }) => kind === "cheaper_model");
  expect(models).toHaveLength(1);
  expect(models[0]?.text).toContain(`at ${poor} (`);
  expect(models[0]?.text).toContain(`${good} at openrouter was good enough in ${judgedCalls} of ${judgedCalls}`);
});
