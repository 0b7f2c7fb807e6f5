import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createLocalEmbedder, type LocalEmbedder, type LocalEmbedderOptions } from "./local-embedder.ts";

/** A model package whose runtime does what the text says: the real one is tried by the server that depends on it. */
const fakeRuntime = `
let runs = 0;
module.exports = {
  ready: async () => {},
  tensor1d: (values) => ({ values, dispose() {} }),
  tensor2d: (values) => ({ values, dispose() {} }),
  loadGraphModel: async (url) => {
    if (url.includes("broken")) throw new Error("no such model: /secret/path");
    return {
      async executeAsync({ indices, values }) {
        runs += 1;
        if (values.values.includes(6)) process.exit(3);
        if (values.values.includes(7)) for (;;);
        if (values.values.includes(8)) throw new Error("kernel missing");
        const rows = Math.max(...indices.values.map(([row]) => row)) + 1;
        const data = new Float32Array(rows * 512);
        for (const [position, [row]] of indices.values.entries()) data[row * 512] += values.values[position];
        data[1] = runs;
        return { data: async () => data, dispose() {} };
      },
    };
  },
};
`;
const words = ["▁crash", "▁hang", "▁refuse", "▁ready", "▁one", "▁two"];
const vocabulary = Array.from("012345", (name) => [name, 0] as [string, number]);

let directory: string;
let embedder: LocalEmbedder | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sophia-embed-"));
  const runtimeDirectory = join(directory, "node_modules/@energetic-ai/core");
  await mkdir(runtimeDirectory, { recursive: true });
  await writeFile(join(runtimeDirectory, "index.js"), fakeRuntime);
  for (const name of ["model", "broken"]) {
    await mkdir(join(directory, name));
    const pieces = [...vocabulary, ...words.map((word) => [word, -1])];
    await writeFile(join(directory, name, "vocab.json"), JSON.stringify(pieces));
  }
});
afterAll(() => rm(directory, { recursive: true }));
afterEach(() => embedder?.close());

function create(options: Partial<LocalEmbedderOptions> = {}, name = "model"): LocalEmbedder {
  embedder = createLocalEmbedder({ modelEntry: pathToFileURL(join(directory, name, "index.js")).href, ...options });
  return embedder;
}

const document = { purpose: "document" } as const;

describe("the worker", () => {
  test("starts at the first call, keeps order over batches, and gives zeros for an empty text", async () => {
    const local = create();
    expect(local.status().state).toBe("idle");
    const texts = Array.from({ length: 21 }, (_, index) => (index % 3 === 0 ? "one" : index % 3 === 1 ? "two" : " "));
    const { vectors, modelId, dimension } = await local.embed(texts, document);
    expect(vectors.map((vector) => vector[0])).toEqual(texts.map((_, index) => [10, 11, 0][index % 3]));
    expect([modelId, dimension, local.status().state]).toEqual(["use-lite-en-v1-512", 512, "ready"]);
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

  test("a package that is not there is the same", async () => {
    const local = create({}, "missing");
    await expect(local.embed(["one"], document)).rejects.toMatchObject({ kind: "not_configured" });
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
