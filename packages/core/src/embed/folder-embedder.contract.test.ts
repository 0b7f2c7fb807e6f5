import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createFolderEmbedder } from "./folder-embedder.ts";
import { buildModelFolder, tinyDimension, tinyVectorOf } from "./testing/build-model-folder.ts";
import type { WorkerEmbedder } from "./worker-embedder.ts";

let root: string;
let embedder: WorkerEmbedder | undefined;

beforeAll(async () => {
  // A runtime that is not installed is told here by its name, and not as a model that cannot be loaded.
  import.meta.resolve("onnxruntime-web");
  root = await mkdtemp(join(tmpdir(), "sophia-folder-"));
});
afterAll(() => rm(root, { recursive: true }));
afterEach(() => embedder?.close());

async function open(name: string, settings: Parameters<typeof buildModelFolder>[1] = {}): Promise<WorkerEmbedder> {
  await buildModelFolder(join(root, name), settings);
  embedder = await createFolderEmbedder(join(root, name));
  return embedder;
}

/** Of unit length, in the direction of the pieces' sum. */
function expected(...pieces: string[]): number[] {
  const sum = Array<number>(tinyDimension).fill(0);
  for (const piece of pieces)
    for (const [place, value] of tinyVectorOf(piece).entries()) sum[place] = (sum[place] ?? 0) + value;
  const length = Math.hypot(...sum);
  return sum.map((value) => Number((value / length).toFixed(5)));
}

const rounded = (vector: Float32Array) => [...vector].map((value) => Number(value.toFixed(5)));

test("a real model from a folder: its pieces, its mask, its mean", async () => {
  const local = await open("mean");
  expect(local.status()).toMatchObject({ dimension: tinyDimension, state: "idle" });
  const { vectors, modelId } = await local.embed(["Red", "reddish blueish green", ""], { purpose: "document" });
  // The short texts stand beside a long one: what fills their rows must not count.
  expect(vectors.map(rounded)).toEqual([
    expected("[CLS]", "red", "[SEP]"),
    expected("[CLS]", "[UNK]", "blue", "##ish", "green", "[SEP]"),
    [0, 0, 0, 0],
  ]);
  expect(modelId).toMatch(/^folder:mean-[0-9a-f]{12}-4$/);
  expect(modelId).toBe(local.status().modelId);
});

test("first-piece pooling, prefixes of both purposes, and a cut that keeps the end", async () => {
  const prompts = { query: "query: ", passage: "passage: " };
  const local = await open("prefixed", { prompts, maxPieces: 6 });
  const [query, document] = await Promise.all([
    local.embed(["red"], { purpose: "query" }),
    local.embed(["red green blue red"], { purpose: "document" }),
  ]);
  expect(rounded(query.vectors[0] ?? new Float32Array())).toEqual(expected("[CLS]", "query", ":", "red", "[SEP]"));
  expect(rounded(document.vectors[0] ?? new Float32Array())).toEqual(
    expected("[CLS]", "passage", ":", "red", "green", "[SEP]"),
  );
  await local.close();
  const first = await open("first", { pooling: { pooling_mode_cls_token: true } });
  const { vectors } = await first.embed(["red"], { purpose: "query" });
  expect(vectors.map(rounded)).toEqual([expected("[CLS]")]);
});

test("another setting is another id, and what is no model is said before anything starts", async () => {
  const mean = await open("same");
  await buildModelFolder(join(root, "same"), { pooling: { pooling_mode_lasttoken: true } });
  const last = await createFolderEmbedder(join(root, "same"));
  expect(last.status().modelId).not.toBe(mean.status().modelId);
  await writeFile(join(root, "same/config.json"), "{");
  const folders = ["same", "nowhere"].map((name) => createFolderEmbedder(join(root, name)));
  for (const result of await Promise.allSettled(folders)) {
    expect(result).toMatchObject({ status: "rejected", reason: { kind: "not_configured" } });
  }
});

test("a file that is no ONNX model shows at the first call, as not configured", async () => {
  const local = await open("broken");
  await local.close();
  await writeFile(join(root, "broken/onnx/model.onnx"), "not a model");
  embedder = await createFolderEmbedder(join(root, "broken"));
  await expect(embedder.embed(["red"], { purpose: "query" })).rejects.toMatchObject({ kind: "not_configured" });
});
