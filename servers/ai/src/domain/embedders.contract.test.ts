import { setTimeout } from "node:timers/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteReranker } from "@sophia/core/embed/remote-reranker";
import { systemClock } from "@sophia/core/limits/clock";
import { startTeiSimulator, type TeiSimulatorOptions } from "@sophia/simulators/tei/simulator";
import { createTeiClient } from "@sophia/vendors/huggingface/tei-client";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { createEmbedder, type EmbedderSettings, toEmbeddingPort, toTeiEmbeddingPort } from "./embedders.ts";
import { toTeiRerankPort } from "./rerankers.ts";

const log = pino({ level: "silent" });
const query = { purpose: "query" } as const;
const usage = { inputTokens: 1_000, outputTokens: 0, cachedInputTokens: 0, estimated: false };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function startTei(options: TeiSimulatorOptions) {
  const simulator = await startTeiSimulator(options);
  const client = createTeiClient({ baseUrl: simulator.url, log, clock: systemClock });
  closing.push(simulator.close, client.close);
  return client;
}

async function open(settings: Omit<EmbedderSettings, "log">) {
  const embedder = await createEmbedder({ log, ...settings });
  closing.push(() => embedder.close());
  return embedder;
}

describe("a TEI process", () => {
  test("embeds more texts than it takes at once, one of them empty", async () => {
    const port = toTeiEmbeddingPort(await startTei({ maxBatch: 8 }));
    const embedder = await open({ remote: { port, service: "huggingface", mode: "local", model: "tei" } });
    const texts = [...Array.from({ length: 20 }, (_, index) => `text ${index}`), " ", "text 0"];
    const { vectors, modelId, dimension } = await embedder.embed(texts, query);
    expect(modelId).toBe(`huggingface:simulated/tei-model-${dimension}`);
    expect(vectors.map((vector) => Number(Math.hypot(...vector).toFixed(4)))).toEqual([...Array(20).fill(1), 0, 1]);
    expect(vectors[21]).toEqual(vectors[0]);
    expect(embedder.status()).toMatchObject({ modelId, state: "ready", service: "huggingface", mode: "local" });
  });

  test("ranks, or says that it has another kind of model", async () => {
    const remote = { service: "huggingface", mode: "local", model: "tei" } as const;
    const ranking = createRemoteReranker({
      ...remote,
      port: toTeiRerankPort(await startTei({ kind: "reranker" })),
    });
    const documents = ["an old oak", "restart billing", "restart the billing service"];
    const { results, modelId } = await ranking.rerank("restart the billing service", documents, { topN: 1 });
    expect([results.map(({ index }) => index), modelId]).toEqual([[2], "huggingface:simulated/tei-model"]);
    const other = createRemoteReranker({ ...remote, port: toTeiRerankPort(await startTei({})) });
    await expect(other.rerank("q", documents)).rejects.toMatchObject({ kind: "upstream" });
  });
});

describe("a provider in the OpenAI shape", () => {
  test("its own cost counts, else the price of its tokens, else nothing is said", async () => {
    const answer = { vectors: [Float32Array.of(3, 4)], model: "m-v2" };
    const ask = (stated: object | undefined, costOf?: () => number) =>
      toEmbeddingPort(
        { embed: async () => ({ ...answer, usage: stated && { ...usage, ...stated } }) },
        "m",
        costOf,
      ).embed(["a"], AbortSignal.timeout(1_000));
    expect(await ask({ statedCostUsd: 0.5 }, () => 0.1)).toEqual({ ...answer, costUsd: 0.5 });
    expect(await ask({}, () => 0.1)).toEqual({ ...answer, costUsd: 0.1 });
    expect(await ask(undefined, () => 0.2)).toEqual({ ...answer, costUsd: 0.2 });
    expect(await ask(undefined)).toEqual(answer);
  });

  test("one that does not embed says so", async () => {
    const signal = AbortSignal.timeout(1_000);
    await expect(toEmbeddingPort({}, "m").embed(["a"], signal)).rejects.toMatchObject({ kind: "invalid_input" });
  });
});

test("a folder without a model is said, and the embedded model answers instead", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sophia-folder-"));
  closing.push(() => rm(folder, { recursive: true }));
  const embedder = await open({ folder });
  const { vectors, modelId } = await embedder.embed(["dog", "puppy", "invoice"], query);
  const near = vectors.map((vector) =>
    vector.reduce((sum, value, place) => sum + value * (vectors[0]?.[place] ?? 0), 0),
  );
  expect(near[0]).toBeCloseTo(1, 5);
  expect(near[1]).toBeGreaterThan((near[2] ?? 1) + 0.2);
  expect(modelId).toBe("use-lite-en-v1-512+0.5*lexical-3-5gram-v1-1024");
  expect(embedder.status()).toMatchObject({ state: "degraded", modelId, reason: expect.stringContaining("folder") });
  const again = await embedder.embed(["puppy"], { purpose: "query" });
  expect(again.vectors[0]).toBe(vectors[1]);
});

test("whoever leaves while the model's name is asked for leaves alone", async () => {
  const asked: AbortSignal[] = [];
  const client = {
    info: async (signal: AbortSignal) => {
      asked.push(signal);
      await setTimeout(30, undefined, { signal });
      return { model: "m" } as never;
    },
    embed: async (texts: readonly string[], signal: AbortSignal) => {
      await setTimeout(60, undefined, { signal });
      return texts.map(() => [1]);
    },
  };
  const port = toTeiEmbeddingPort(client);
  const leaving = new AbortController();
  const first = port.embed(["a"], leaving.signal);
  const second = port.embed(["b"], new AbortController().signal);
  leaving.abort();
  await expect(first).rejects.toThrow();
  await expect(second).resolves.toMatchObject({ model: "m" });
  expect(asked).toHaveLength(1);
});
