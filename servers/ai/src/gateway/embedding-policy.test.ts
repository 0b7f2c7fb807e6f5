import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rawReply, type RawRequest, type RawUpstream, startRawUpstream } from "@sophia/core/testing/raw-upstream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import { createPolicyKey, type PolicyKey } from "../testing/policy-key.ts";
import { answerSoundly, rawEndpoint, rawJson, type RawProvider, startRawProvider } from "../testing/raw-provider.ts";

const secret = "what the board decided on Monday about the harbour";
const category = { "x-sophia-category": "faq" };

let away: RawProvider;
let here: RawProvider;
let harness: AiHarness;
/** What left this machine. */
let received: RawRequest[];
/** Whose vector the last answer was looked up by. */
let embedding: string | null;

beforeEach(async () => {
  received = [];
  away = await startRawProvider(["m/embed"]);
  away.answer((socket, request) => {
    received.push(request);
    const { input } = JSON.parse(request.body) as { input: string[] };
    const data = input.map((text, index) => ({ index, embedding: [text.length, 3] }));
    const usage = { prompt_tokens: 7, total_tokens: 7 };
    socket.write(rawReply(200, rawJson, JSON.stringify({ data, model: "m/embed", usage })));
  });
  here = await startRawProvider(["m/chat", "m/other"]);
  here.answer(answerSoundly('{"score": 1, "reason": "good"}'));
});
afterEach(async () => {
  await harness.close();
  await Promise.all([away.stop(), here.stop()]);
});

async function start(settings: Record<string, string>, dataDir?: string): Promise<void> {
  harness = await startAiHarness({
    endpoints: () => [{ ...rawEndpoint("vllm", here), mode: "local" }, rawEndpoint("openrouter", away)],
    settings: { SOPHIA_AI_DEFAULT_MODEL: "m/chat", ...settings },
    ...(dataDir !== undefined && { dataDir }),
  });
}

async function open(settings: Record<string, string>, dataDir?: string): Promise<void> {
  await start(settings, dataDir);
  // So many good checks that what is near enough is served.
  const created_at = Date.now();
  const checks = Array.from({ length: 400 }, (_, index) => {
    const score = 0.3 + (index / 400) * 0.7;
    return { id: `check ${index}`, category: "faq", score, correct: score < 0.5 ? 0 : 1, served: 0, created_at };
  });
  await harness.platform.store.db.insertInto("semantic_checks").values(checks).execute();
}

async function ask(key: PolicyKey, model: string, content: string): Promise<string | null> {
  const response = await key.post("chat/completions", { model, messages: [{ role: "user", content }] }, category);
  expect(response.status, await response.text()).toBe(200);
  embedding = response.headers.get("x-sophia-embedding");
  return response.headers.get("x-sophia-cache");
}

test("no byte of a key that keeps its texts here reaches a remote embedder, and all of it works all the same", async () => {
  await open({ SOPHIA_EMBED_MODEL: "m/embed" });
  const key = await createPolicyKey(harness, { dataPolicy: "local" });
  // First, because a look-up does not wait for the model to be loaded.
  const ownModel = expect.stringMatching(/^use-lite/);
  expect(await key.callTool("run_tool", { tool: "embed_texts", arguments: { texts: [secret] } })).toMatchObject({
    result: { modelId: ownModel, degraded: expect.stringContaining("is demanded"), source: { service: "sophia" } },
  });
  expect(await ask(key, "m/chat", `${secret}?`)).toBe("miss");
  expect(await ask(key, "m/chat", `${secret.toUpperCase()} ?`)).toBe("semantic");
  expect(embedding).toMatch(/^use-lite/);
  expect(await ask(key, "auto", secret)).toBe("miss");
  expect(embedding).toMatch(/^use-lite/);
  const ranking = { query: secret, documents: [secret, "b"] };
  expect(await key.callTool("run_tool", { tool: "rerank_texts", arguments: ranking })).toMatchObject({
    result: {
      degraded: expect.stringContaining("is demanded"),
      source: { service: "sophia", mode: "local", costUsd: 0 },
    },
  });
  expect((await key.post("rerank", { model: "sophia-rerank", ...ranking })).status).toBe(200);
  expect((await key.post("embeddings", { model: "sophia-embed", input: secret })).status).toBe(403);
  expect((await key.post("embeddings", { model: "m/embed", input: secret })).status).toBe(403);
  expect(await key.callTool("explain_route", { prompt: secret })).toMatchObject({ policy: "default" });
  expect(await key.callTool("complete", { prompt: secret, model: "m/chat" })).toMatchObject({ model: "m/chat" });
  const models = ["m/chat", "m/other"];
  const compared = await key.callTool("compare_models", { prompt: secret, models, judgeModel: "m/chat" });
  expect(compared).toMatchObject({ learned: true });
  expect(received).toEqual([]);
});

test("the same for a key that demands nothing is asked there, and stands in the ledger as our own", async () => {
  await open({ SOPHIA_EMBED_MODEL: "m/embed" });
  const key = await createPolicyKey(harness, {});
  await ask(key, "m/chat", secret);
  expect(embedding).toBe("provider:m/embed-2");
  const embedded = await key.callTool("run_tool", { tool: "embed_texts", arguments: { texts: ["another text"] } });
  expect(embedded).toMatchObject({
    result: { modelId: "provider:m/embed-2", source: { service: "openrouter", mode: "live", costUsd: 7e-6 } },
  });
  expect(received).toHaveLength(2);
  expect((await harness.spent()).costUsd).toBeCloseTo(2 * 7e-6, 9);
  await harness.services.callLog.flush();
  const rows = await harness.platform.store.db.selectFrom("ai_calls").selectAll().execute();
  const own = rows
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>)
    .filter(({ origin }) => origin === "internal");
  expect(own.map(({ operation, caller }) => [operation, caller])).toEqual(
    Array.from({ length: 2 }, () => ["embeddings", key.caller]),
  );
  expect(own.every(({ requestId }) => typeof requestId === "string" && requestId !== "")).toBe(true);
});

test("a look-up whose embedder fails is left out, costs nothing, and the answer says so", async () => {
  await open({ SOPHIA_EMBED_MODEL: "m/embed" });
  away.answer((socket) => socket.write(rawReply(500, rawJson, "{}")));
  const key = await createPolicyKey(harness, {});
  await ask(key, "m/chat", secret);
  expect(embedding).toBe("none");
  await ask(key, "auto", secret);
  expect(embedding).toBe("none");
  await harness.spent();
  const lines = await harness.platform.store.db.selectFrom("ledger_entries").selectAll().execute();
  expect(lines.every(({ service }) => service !== "openrouter")).toBe(true);
});

test("a hit that the cross-encoder refuses is a miss; one that is away is done without, unless it is required", async () => {
  const state = { score: 0.9 };
  const tei: RawUpstream = await startRawUpstream({
    answer(socket, { route }) {
      const info = {
        model_id: "cross",
        model_type: { reranker: {} },
        max_client_batch_size: 32,
        max_input_length: 512,
      };
      const ranks = [{ index: 0, score: state.score }];
      socket.write(rawReply(200, rawJson, JSON.stringify(route === "GET /info" ? info : ranks)));
    },
  });
  try {
    for (const wish of ["available", "required"]) {
      state.score = 0.9;
      await open({ SOPHIA_TEI_RERANK_URL: tei.url, SOPHIA_AI_CACHE_VERIFY: wish });
      const key = await createPolicyKey(harness, {});
      await ask(key, "m/chat", `${secret}?`);
      expect(await ask(key, "m/chat", `${secret}!`)).toBe("semantic");
      state.score = 0.1;
      expect(await ask(key, "m/chat", `${secret} .`)).toBe("miss");
      if (wish === "required") await tei.stop();
      state.score = Number.NaN;
      expect(await ask(key, "m/chat", `${secret} ...`)).toBe(wish === "available" ? "semantic" : "miss");
      if (wish === "available") await harness.close();
    }
  } finally {
    await tei.stop();
  }
});

test("answers kept with a provider's vectors are found with the server's own, once that embeds, and none are sent for it", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "sophia-moved-"));
  try {
    await open({ SOPHIA_EMBED_MODEL: "m/embed" }, dataDir);
    const key = await createPolicyKey(harness, {});
    expect(await ask(key, "m/chat", `${secret}?`)).toBe("miss");
    await harness.close();
    received.length = 0;
    await start({}, dataDir);
    const { db } = harness.platform.store;
    const models = () => db.selectFrom("semantic_entries").select("model_id").execute();
    await expect.poll(models, { timeout: 3_000 }).toEqual([{ model_id: expect.stringMatching(/^lexical/) }]);
    expect(await ask(key.at(harness.url), "m/chat", `${secret}!`)).toBe("semantic");
    expect(received).toEqual([]);
  } finally {
    await harness.close();
    await start({});
    await rm(dataDir, { recursive: true, force: true });
  }
});
