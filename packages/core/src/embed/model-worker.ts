import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { createTokenizer, type Tokenizer, type Vocabulary } from "./sentence-pieces.ts";

/** Parent → worker. */
export interface EncodeRequest {
  id: number;
  texts: string[];
}

/** Worker → parent. `failed` before `ready` means that the model cannot be used on this machine at all. */
export type WorkerMessage =
  | { type: "ready"; dimension: number }
  | { type: "failed"; reason: string }
  | { type: "encoded"; id: number; vectors: Float32Array; dimension: number }
  | { type: "refused"; id: number; reason: string };

/** The model cuts there itself; cutting before keeps a page of text from padding its whole batch. */
const maxPieces = 128;

interface Tensor {
  shape: number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** What is used of @energetic-ai/core, which is TensorFlow.js in one file. */
interface TensorRuntime {
  ready(): Promise<void>;
  tensor1d(values: number[], type: "int32"): Tensor;
  tensor2d(values: number[][], shape: [number, number], type: "int32"): Tensor;
  loadGraphModel(url: string): Promise<{ executeAsync(inputs: Record<string, Tensor>): Promise<Tensor> }>;
}

interface Model {
  dimension: number;
  encode(texts: readonly string[]): Promise<Float32Array>;
}

async function loadModel(modelEntry: string): Promise<Model> {
  // The runtime is the model package's peer: resolving it from there keeps core free of both.
  const runtime: TensorRuntime = createRequire(modelEntry)("@energetic-ai/core");
  const directory = new URL("./", modelEntry);
  const [graph, vocabularyText] = await Promise.all([
    runtime.ready().then(() => runtime.loadGraphModel(new URL("model.json", directory).href)),
    readFile(new URL("vocab.json", directory), "utf8"),
  ]);
  const vocabulary: Vocabulary = JSON.parse(vocabularyText);
  const tokenize = createTokenizer(vocabulary);
  const run = (pieces: readonly number[][]) => runGraph(runtime, graph, pieces);
  // The first run compiles kernels, and tells the dimension.
  const dimension = (await run([tokenize("ready")])).length;
  return { dimension, encode: (texts) => encodeTexts(texts, tokenize, dimension, run) };
}

async function runGraph(
  runtime: TensorRuntime,
  graph: { executeAsync(inputs: Record<string, Tensor>): Promise<Tensor> },
  pieces: readonly number[][],
): Promise<Float32Array> {
  const positions = pieces.flatMap((row, rowIndex) => row.map((_, columnIndex) => [rowIndex, columnIndex]));
  const indices = runtime.tensor2d(positions, [positions.length, 2], "int32");
  const values = runtime.tensor1d(pieces.flat(), "int32");
  try {
    const output = await graph.executeAsync({ indices, values });
    const data = await output.data();
    output.dispose();
    return data;
  } finally {
    indices.dispose();
    values.dispose();
  }
}

/** One row per text; a text without pieces keeps a row of zeros, which the graph would turn into NaN. */
async function encodeTexts(
  texts: readonly string[],
  tokenize: Tokenizer,
  dimension: number,
  run: (pieces: readonly number[][]) => Promise<Float32Array>,
): Promise<Float32Array> {
  const result = new Float32Array(texts.length * dimension);
  const rows = texts
    .map((text, index) => ({ index, pieces: tokenize(text).slice(0, maxPieces) }))
    .filter((row) => row.pieces.length > 0);
  if (rows.length === 0) return result;
  const encoded = await run(rows.map((row) => row.pieces));
  for (const [position, row] of rows.entries()) {
    result.set(encoded.subarray(position * dimension, (position + 1) * dimension), row.index * dimension);
  }
  return result;
}

async function serve(modelEntry: string): Promise<void> {
  const send = (message: WorkerMessage, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(message, transfer);
  let model: Model;
  try {
    model = await loadModel(modelEntry);
  } catch (error) {
    send({ type: "failed", reason: error instanceof Error ? error.message : "unknown" });
    parentPort?.close();
    return;
  }
  parentPort?.on("message", (request: EncodeRequest) => {
    model.encode(request.texts).then(
      (vectors) => {
        const message: WorkerMessage = { type: "encoded", id: request.id, vectors, dimension: model.dimension };
        send(message, vectors.buffer instanceof ArrayBuffer ? [vectors.buffer] : []);
      },
      (error: unknown) =>
        send({ type: "refused", id: request.id, reason: error instanceof Error ? error.message : "unknown" }),
    );
  });
  send({ type: "ready", dimension: model.dimension });
}

const { modelEntry }: { modelEntry: string } = workerData;
await serve(modelEntry);
