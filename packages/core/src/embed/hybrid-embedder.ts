import { AppError } from "../errors/app-error.ts";
import type { EmbedOptions, Embedder, EmbeddingResult } from "./embedder.ts";

/** Measured on STS-B and on intent streams: meaning from the model, names and codes from the letters. */
const lexicalWeight = 0.5;

/**
 * Two embedders as one vector: [meaning, √w · lexical] / √(1 + w), so that the inner product of two such vectors is
 * (cosine(meaning) + w · cosine(lexical)) / (1 + w), with w = 0.5.
 *
 * When the model cannot be loaded at all (`not_configured`) the lexical embedder answers alone, under its own id and
 * dimension, for the rest of this embedder's life; a passing failure is thrown, so that ids never alternate.
 */
export function createHybridEmbedder(parts: { meaning: Embedder; lexical: Embedder }): Embedder {
  const meaning = parts.meaning.status();
  const lexical = parts.lexical.status();
  const modelId = `${meaning.modelId}+${lexicalWeight}*${lexical.modelId}`;
  const dimension = meaning.dimension + lexical.dimension;
  let fallbackReason: string | undefined;

  async function embed(texts: readonly string[], options: EmbedOptions): Promise<EmbeddingResult> {
    if (fallbackReason !== undefined) return parts.lexical.embed(texts, options);
    try {
      const [byMeaning, byLetters] = await Promise.all([
        parts.meaning.embed(texts, options),
        parts.lexical.embed(texts, options),
      ]);
      const vectors = byMeaning.vectors.map((vector, index) => mix(vector, byLetters.vectors[index], dimension));
      return { vectors, modelId, dimension };
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== "not_configured") throw error;
      fallbackReason = "The embedding model could not be loaded: similarity is by letters only, not by meaning.";
      return parts.lexical.embed(texts, options);
    }
  }

  return {
    embed,
    status() {
      if (fallbackReason !== undefined) {
        return { ...parts.lexical.status(), state: "degraded", reason: fallbackReason };
      }
      return { modelId, dimension, state: parts.meaning.status().state };
    },
    async close() {
      await Promise.all([parts.meaning.close(), parts.lexical.close()]);
    },
  };
}

function mix(meaning: Float32Array, lexical: Float32Array | undefined, dimension: number): Float32Array {
  const vector = new Float32Array(dimension);
  const meaningScale = 1 / Math.sqrt(1 + lexicalWeight);
  const lexicalScale = Math.sqrt(lexicalWeight / (1 + lexicalWeight));
  for (const [index, value] of meaning.entries()) vector[index] = value * meaningScale;
  for (const [index, value] of (lexical ?? []).entries()) vector[meaning.length + index] = value * lexicalScale;
  return vector;
}
