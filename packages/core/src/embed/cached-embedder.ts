import { createHash } from "node:crypto";
import type { Embedder, EmbeddingResult, EmbedOptions } from "./embedder.ts";

export interface CachedEmbedderOptions {
  /** Of vectors and keys. Default 16 MiB: 2,700 vectors of 1,536 dimensions. */
  maxBytes?: number;
  /** The model encodes queries and documents differently. Default: no. */
  purposesDiffer?: boolean;
}

const entryOverheadBytes = 200;
/** A longer text is known by its hash. */
const longestKey = 120;

/**
 * Remembers the vectors of recent texts of one model; exact repeats cost a look-up. Another model id empties it. Texts
 * without their vectors go on in one call, each once.
 */
export function createCachedEmbedder(inner: Embedder, options: CachedEmbedderOptions = {}): Embedder {
  const known = new RecentVectors(options.maxBytes ?? 16 * 1024 * 1024);

  async function embed(texts: readonly string[], embedOptions: EmbedOptions): Promise<EmbeddingResult> {
    embedOptions.signal?.throwIfAborted();
    const prefix = options.purposesDiffer ? embedOptions.purpose : "";
    const keys = texts.map((text) => toKey(prefix, text));
    const found = new Map<string, Float32Array>();
    const missing = new Map<string, string>();
    for (const [index, key] of keys.entries()) {
      const vector = known.get(key);
      if (vector) found.set(key, vector);
      else missing.set(key, texts[index] ?? "");
    }
    const { modelId, dimension } = known;
    if (missing.size === 0 && modelId !== undefined) return { vectors: pick(keys, found), modelId, dimension };

    const fresh = await inner.embed([...missing.values()], embedOptions);
    const isChanged = found.size > 0 && fresh.modelId !== modelId;
    known.useModel(fresh);
    for (const [index, key] of [...missing.keys()].entries()) {
      const vector = fresh.vectors[index];
      if (!vector) continue;
      found.set(key, vector);
      known.set(key, vector);
    }
    // What was remembered is of the model before; the new one is asked for all. It may change only once in a call.
    if (isChanged) return await inner.embed(texts, embedOptions);
    return { ...fresh, vectors: pick(keys, found) };
  }

  return { embed, status: () => inner.status(), close: () => inner.close() };
}

class RecentVectors {
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #vectors = new Map<string, Float32Array>();
  #bytes = 0;
  modelId: string | undefined;
  dimension = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  useModel({ modelId, dimension }: { modelId: string; dimension: number }): void {
    if (modelId === this.modelId) return;
    this.#vectors.clear();
    this.#bytes = 0;
    this.modelId = modelId;
    this.dimension = dimension;
  }

  get(key: string): Float32Array | undefined {
    const vector = this.#vectors.get(key);
    if (!vector) return undefined;
    this.#vectors.delete(key);
    this.#vectors.set(key, vector);
    return vector;
  }

  set(key: string, vector: Float32Array): void {
    const before = this.#vectors.get(key);
    if (before) this.#bytes -= sizeOf(key, before);
    this.#vectors.delete(key);
    this.#vectors.set(key, vector);
    this.#bytes += sizeOf(key, vector);
    for (const [oldest, dropped] of this.#vectors) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#vectors.delete(oldest);
      this.#bytes -= sizeOf(oldest, dropped);
    }
  }
}

function sizeOf(key: string, vector: Float32Array): number {
  return vector.byteLength + 2 * key.length + entryOverheadBytes;
}

function toKey(prefix: string, text: string): string {
  const key = text.length <= longestKey ? `=${text}` : createHash("sha256").update(text).digest("base64");
  return `${prefix}${key}`;
}

function pick(keys: readonly string[], found: ReadonlyMap<string, Float32Array>): Float32Array[] {
  return keys.flatMap((key) => found.get(key) ?? []);
}
