import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { availableParallelism } from "node:os";
import { workerData } from "node:worker_threads";
import { Tokenizer } from "@huggingface/tokenizers";
import { normalizeInPlace } from "./lexical-embedder.ts";
import type { ModelFolder } from "./model-folder.ts";
import { type ServedModel, serveModel } from "./serve-model.ts";

interface Tensor {
  data: ArrayLike<number>;
  dims: readonly number[];
}

interface Session {
  inputNames: readonly string[];
  outputNames: readonly string[];
  run(inputs: Record<string, Tensor>): Promise<Record<string, Tensor>>;
}

/** What is used of ONNX Runtime; both packages have it. https://onnxruntime.ai/docs/api/js */
interface Runtime {
  InferenceSession: { create(file: string, options: Record<string, unknown>): Promise<Session> };
  Tensor: new (type: "int64", data: BigInt64Array, dims: readonly number[]) => Tensor;
  env: { wasm?: { numThreads?: number } };
}

interface Encoded {
  ids: number[];
  length: number;
}

async function loadModel(folder: ModelFolder): Promise<ServedModel> {
  const runtime = findRuntime(folder.directory);
  // In WebAssembly more threads would be workers of a worker.
  if (runtime.env.wasm) runtime.env.wasm.numThreads = 1;
  const session = await runtime.InferenceSession.create(folder.modelFile, {
    intraOpNumThreads: Math.max(1, availableParallelism() >> 1),
  });
  const tokenizer = new Tokenizer(
    await readJson(join(folder.directory, "tokenizer.json")),
    await readJson(join(folder.directory, "tokenizer_config.json")).catch(() => ({})),
  );
  const encode = async (texts: readonly string[]) => {
    const rows = texts.map((text) => cut(tokenizer.encode(text).ids, folder.maxPieces));
    const output = await runSession(runtime, session, { rows, paddingId: folder.paddingId });
    return poolRows(output, rows, folder);
  };
  const dimension = (await encode(["ready"])).length;
  return { dimension, encode };
}

function findRuntime(directory: string): Runtime {
  const places = [createRequire(join(directory, "package.json")), createRequire(import.meta.url)];
  const reasons: string[] = [];
  for (const name of ["onnxruntime-node", "onnxruntime-web"]) {
    for (const require of places) {
      try {
        return require(name);
      } catch (error) {
        reasons.push(error instanceof Error ? (error.message.split("\n")[0] ?? "") : "unknown");
      }
    }
  }
  throw new Error(`no ONNX runtime: ${reasons.join("; ")}`);
}

async function readJson(file: string): Promise<object> {
  return JSON.parse(await readFile(file, "utf8"));
}

/** The last piece marks the end of a text and stays. */
function cut(ids: readonly number[], maxPieces: number): Encoded {
  const kept = ids.length <= maxPieces ? [...ids] : [...ids.slice(0, maxPieces - 1), ...ids.slice(-1)];
  return { ids: kept, length: kept.length };
}

async function runSession(
  runtime: Runtime,
  session: Session,
  { rows, paddingId }: { rows: readonly Encoded[]; paddingId: number },
): Promise<Tensor> {
  const width = Math.max(1, ...rows.map(({ length }) => length));
  const fill = (valueAt: (row: Encoded, position: number) => number) => {
    const data = new BigInt64Array(rows.length * width);
    for (const [index, row] of rows.entries()) {
      for (let position = 0; position < width; position += 1) {
        data[index * width + position] = BigInt(valueAt(row, position));
      }
    }
    return new runtime.Tensor("int64", data, [rows.length, width]);
  };
  const known: Record<string, () => Tensor> = {
    input_ids: () => fill(({ ids }, position) => ids[position] ?? paddingId),
    attention_mask: () => fill(({ length }, position) => (position < length ? 1 : 0)),
    token_type_ids: () => fill(() => 0),
    position_ids: () => fill((_row, position) => position),
  };
  const inputs: Record<string, Tensor> = {};
  for (const name of session.inputNames) {
    const create = known[name];
    if (!create) throw new Error(`the model asks for an input ${name}`);
    inputs[name] = create();
  }
  const outputs = await session.run(inputs);
  const output = outputs["sentence_embedding"] ?? outputs[session.outputNames[0] ?? ""];
  if (!output) throw new Error("the model has no output");
  return output;
}

/** Vectors of texts as the model gives them, or made from those of their pieces. */
function poolRows({ data, dims }: Tensor, rows: readonly Encoded[], folder: ModelFolder): Float32Array<ArrayBuffer> {
  const dimension = dims.at(-1) ?? 0;
  const width = dims.length === 3 ? (dims[1] ?? 0) : 0;
  const result = new Float32Array(rows.length * dimension);
  for (const [index, { length }] of rows.entries()) {
    const vector = result.subarray(index * dimension, (index + 1) * dimension);
    const [from, to] = width === 0 ? [index, index + 1] : pickPieces(folder.pooling, index * width, length);
    for (let piece = from; piece < to; piece += 1) {
      for (let place = 0; place < dimension; place += 1) {
        vector[place] = (vector[place] ?? 0) + Number(data[piece * dimension + place] ?? 0);
      }
    }
    normalizeInPlace(vector);
  }
  return result;
}

/** A sum points where the mean does. */
function pickPieces(pooling: ModelFolder["pooling"], start: number, length: number): [number, number] {
  if (pooling === "first") return [start, start + 1];
  if (pooling === "last") return [start + length - 1, start + length];
  return [start, start + length];
}

const folder: ModelFolder = workerData;
await serveModel(() => loadModel(folder));
