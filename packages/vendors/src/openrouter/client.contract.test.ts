import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification } from "@sophia/core/testing/contract/specification";
import { type OpenRouterSimulator, startOpenRouterSimulator } from "@sophia/simulators/openrouter/simulator";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AnswerFacts } from "../openai-shape/call-wishes.ts";
import { createOpenAiClient, type OpenAiClient } from "../openai-shape/openai-client.ts";
import { createOpenRouterClient, type OpenRouterClient } from "./client.ts";
import { openrouterProvider } from "./provider.ts";
import { loadOpenRouterSpecification } from "./testing/load-openrouter-specification.ts";

const file = findSpecification("openrouter-openapi.yaml");
const key = `sk-or-v1-${"0f".repeat(32)}`;
const signal = AbortSignal.timeout(30_000);
const log = pino({ level: "silent" });

let simulator: OpenRouterSimulator;
let recorder: Recorder;
let models: OpenAiClient;
let account: OpenRouterClient;

beforeAll(async () => {
  simulator = await startOpenRouterSimulator({ seed: 5, apiKey: key, keyLimit: 10 });
  recorder = await startRecorder(simulator.url);
  const apiKey = new Secret(key);
  const common = { service: "openrouter", mode: "live" as const, baseUrl: recorder.url, models: [] };
  const endpoint = { ...common, apiKey, profile: openrouterProvider };
  models = createOpenAiClient({ endpoint, log, clock: systemClock });
  account = createOpenRouterClient({ apiKey, baseUrl: recorder.url, log, clock: systemClock });
});
afterAll(async () => {
  await Promise.all([models.close(), account.close()]);
  await recorder.close();
  await simulator.close();
});

const ask = { model: "simulated/small", messages: [{ role: "user", content: "How many hosts are down?" }] };
const tool = { type: "function", function: { name: "count_hosts", parameters: { type: "object", properties: {} } } };
const lastBody = () => simulator.calls().at(-1)?.body;

describe("models", () => {
  test("are listed with kind, price, context and abilities", async () => {
    const listed = await models.listModels(signal);
    expect(listed.map(({ id, kind }) => [id, kind])).toEqual([
      ["simulated/small", "chat"],
      ["simulated/large", "chat"],
      ["simulated/tiny-context", "chat"],
      ["simulated/small:free", "chat"],
      ["simulated/embedding", "embedding"],
      ["simulated/rerank", "rerank"],
    ]);
    expect(listed[1]).toMatchObject({
      contextLength: 200_000,
      maxOutputTokens: 4_096,
      supports: { tools: true, json: true, vision: true },
      listedPrice: {
        input: 3e-6,
        cacheWrite: 3.75e-6,
        overrides: [
          { minInputTokens: 100_000, input: 6e-6, output: 22.5e-6 },
          { utcMinutes: [990, 30], output: 7.5e-6 },
        ],
      },
    });
  });

  test("are served in places, which can be looked up", async () => {
    expect(await account.places("simulated/small", signal)).toMatchObject([
      { provider: "DeepInfra", slug: "deepinfra", quantization: "int4", latencyMs: { p50: 1_200 } },
      { provider: "Together", price: { input: 0.15e-6, output: 0.6e-6 } },
      { provider: "Fireworks", tokensPerSecond: { p50: 190 }, uptimePercent: 99.8 },
    ]);
    expect((await account.providers(signal)).map(({ slug }) => slug)).toContain("fireworks");
    await expect(account.places("simulated/none", signal)).rejects.toMatchObject({ kind: "not_found" });
  });
});

describe("a call", () => {
  test("is answered, charged, and can be looked up by the id of its headers", async () => {
    let facts: AnswerFacts = {};
    const options = { onFacts: (told: AnswerFacts) => void (facts = told) };
    const answer = await models.complete({ ...ask, tools: [tool], seed: 4, max_tokens: 200 }, signal, options);
    expect(answer["usage"]).toMatchObject({ cost: expect.any(Number) as number, is_byok: false });
    expect(facts).toEqual({ generationId: answer["id"], responseCache: "off" });
    await expect
      .poll(() => account.generation(facts.generationId ?? "", signal).catch(() => undefined))
      .toMatchObject({ model: "simulated/small", provider_name: "Together", streamed: false, cancelled: false });
  });

  test("streams, with the charge at the end", async () => {
    const body = { ...ask, stream: true, stream_options: { include_usage: true } };
    const usages: unknown[] = [];
    for await (const chunk of await models.stream(body, signal)) usages.push(chunk.parsed.usage);
    expect(usages.at(-1)).toMatchObject({ cost: expect.any(Number) as number });
    expect(lastBody()).toEqual(body);
  });

  test("carries our wishes as preferences", async () => {
    const wishes = {
      dataPolicy: "zero_retention",
      qualityFloor: 0.95,
      maxPrice: { inputUsdPerMillion: 1, outputUsdPerMillion: 2 },
      prefer: "latency",
      conversationKey: "c".repeat(300),
    } as const;
    await models.complete({ ...ask, models: ["simulated/large"], provider: { ignore: ["Google"] } }, signal, {
      wishes,
    });
    expect(lastBody()).toMatchObject({
      models: ["simulated/large"],
      session_id: "c".repeat(256),
      provider: {
        ignore: ["Google"],
        zdr: true,
        data_collection: "deny",
        sort: "latency",
        max_price: { prompt: "1", completion: "2" },
        quantizations: expect.not.arrayContaining(["int4"]) as string[],
      },
    });
  });

  test("nobody may serve is refused as such", async () => {
    const wishes = { dataPolicy: "zero_retention", maxPrice: { inputUsdPerMillion: 0.1 } } as const;
    await expect(models.complete(ask, signal, { wishes })).rejects.toMatchObject({ kind: "not_found", status: 404 });
  });

  test("may be answered from the provider's cache where that is wished", async () => {
    const wishes = { responseCache: { ttlMs: 60_000 } };
    const states: unknown[] = [];
    const onFacts = (facts: AnswerFacts) => void states.push(facts.responseCache);
    const first = await models.complete(ask, signal, { wishes, onFacts });
    const second = await models.complete(ask, signal, { wishes, onFacts });
    expect(states).toEqual(["miss", "hit"]);
    expect(second["choices"]).toEqual(first["choices"]);
  });

  test("may fail in the middle of its stream", async () => {
    simulator.faults.set({ kind: "error_in_stream", afterEvents: 2 });
    const stream = await models.stream({ ...ask, stream: true }, signal);
    await expect(Array.fromAsync(stream)).rejects.toMatchObject({ kind: "upstream" });
  });

  test("embeds and reranks", async () => {
    const request = { model: "simulated/embedding", input: ["one", "two"], dimensions: 8 };
    const { vectors, usage } = (await models.embed?.(request, signal)) ?? {};
    expect(vectors?.map((vector) => vector.length)).toEqual([8, 8]);
    expect(usage).toMatchObject({ inputTokens: 4, statedCostUsd: expect.any(Number) as number });
    const documents = ["Berlin is in Germany.", "The capital of France is Paris."];
    const query = { model: "simulated/rerank", query: "capital of France", documents, topCount: 1 };
    expect(await models.rerank?.(query, signal)).toMatchObject({
      results: [{ index: 1, score: 1 }],
      usage: { statedCostUsd: expect.any(Number) as number },
    });
  });
});

describe("the account", () => {
  test("tells what is left, of the credit and of the key", async () => {
    const { boughtUsd, usedUsd } = await account.credits(signal);
    expect(boughtUsd).toBe(100);
    expect(usedUsd).toBeGreaterThan(0);
    expect(await account.key(signal)).toMatchObject({
      limitUsd: 10,
      remainingUsd: 10 - usedUsd,
      isManagementKey: true,
      usedUsd: { total: usedUsd, month: usedUsd },
    });
  });

  test("tells its use by day, model and provider", async () => {
    const rows = await account.activity(signal);
    expect(rows).toContainEqual(expect.objectContaining({ model: "simulated/embedding", requests: 1 }));
  });

  test("does not know what was never made", async () => {
    await expect(account.generation("gen-none", signal)).rejects.toMatchObject({ kind: "not_found" });
  });
});

test.skipIf(file === undefined)("all of it agrees with the vendor's specification, both ways", () => {
  const specification = loadOpenRouterSpecification(file ?? "");
  expect(recorder.exchanges().flatMap(specification.check)).toEqual([]);
  expect(specification.seen()).toEqual([
    "GET /activity",
    "GET /credits",
    "GET /generation",
    "GET /key",
    "GET /models",
    "GET /models/{author}/{slug}/endpoints",
    "GET /providers",
    "POST /chat/completions",
    "POST /embeddings",
    "POST /rerank",
  ]);
});
