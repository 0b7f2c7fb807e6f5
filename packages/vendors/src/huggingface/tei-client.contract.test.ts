import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { startTeiSimulator, type TeiSimulator, type TeiSimulatorOptions } from "@sophia/simulators/tei/simulator";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { createTeiClient, type TeiClient } from "./tei-client.ts";

const { signal } = new AbortController();
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(
  options: TeiSimulatorOptions = {},
): Promise<{ simulator: TeiSimulator; recorder: Recorder; client: TeiClient }> {
  const simulator = await startTeiSimulator(options);
  const recorder = await startRecorder(simulator.url);
  const client = createTeiClient({
    baseUrl: recorder.url,
    ...(options.apiKey !== undefined && { apiKey: new Secret(options.apiKey) }),
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
  closing.push(simulator.close, recorder.close, client.close);
  return { simulator, recorder, client };
}

test("embeds in the order of the texts, and says what it serves", async () => {
  const { client } = await start({ apiKey: "tei-key", maxBatch: 8 });
  expect(await client.info(signal)).toEqual({
    model: "simulated/tei-model",
    kind: "embedding",
    maxBatch: 8,
    maxInputTokens: 512,
  });
  const [cat, dog, again] = await client.embed(["a black cat", "the market fell", "a black cat"], signal);
  expect(again).toEqual(cat);
  expect(dog).not.toEqual(cat);
  expect(Math.hypot(...(cat ?? []))).toBeCloseTo(1, 5);
});

test("ranks in the order that was asked, whatever the order of the answer", async () => {
  const { client } = await start({ kind: "reranker" });
  const [far, near] = await client.rerank("restart the billing service", ["an old oak", "restart billing"], signal);
  expect(near).toBeGreaterThan(far ?? 1);
});

test("an overloaded process is asked again after a pause; a wrong one is not", async () => {
  const { client, simulator, recorder } = await start();
  simulator.overload(1);
  await client.embed(["x"], signal);
  expect(recorder.exchanges().map(({ status }) => status)).toEqual([429, 200]);
  await expect(client.rerank("x", ["y"], signal)).rejects.toMatchObject({ kind: "upstream", service: "huggingface" });
  await expect(client.embed(["", "y"], signal)).rejects.toMatchObject({ kind: "invalid_input" });
});

const file = findSpecification("hf-tei-openapi.json");
test.skipIf(file === undefined)("every exchange is as the vendor's specification says", async () => {
  const embedding = await start({ maxBatch: 2 });
  await embedding.client.info(signal);
  await embedding.client.embed(["one", "two"], signal);
  embedding.simulator.overload(1);
  await embedding.client.embed(["one"], signal);
  await embedding.client.embed(["one", "two", "three"], signal).catch(() => {});
  await fetch(`${embedding.recorder.url}/health`);
  const post = { method: "POST", headers: { "content-type": "application/json" } };
  for (const input of [["one"], "", ["one", "two", "three"]]) {
    await fetch(`${embedding.recorder.url}/v1/embeddings`, { ...post, body: JSON.stringify({ input }) });
  }
  const ranking = await start({ kind: "reranker" });
  await ranking.client.info(signal);
  await ranking.client.rerank("one", ["two", "three"], signal);
  await ranking.client.embed(["one"], signal).catch(() => {});
  const specification = loadSpecification(file ?? "");
  const exchanges = [...embedding.recorder.exchanges(), ...ranking.recorder.exchanges()];
  expect(exchanges.flatMap((exchange) => specification.check(exchange))).toEqual([]);
  expect(specification.seen()).toEqual([
    "GET /health",
    "GET /info",
    "POST /embed",
    "POST /rerank",
    "POST /v1/embeddings",
  ]);
});
