/** Vectors of unit length (zero for a text without a single letter or digit), so that the inner product is the score. */
export interface EmbeddingResult {
  vectors: Float32Array[];
  /** Name, revision, dimension and mixing. Part of every key and every stored vector: two ids are never compared. */
  modelId: string;
  dimension: number;
}

export interface EmbedOptions {
  /** A query is answered before documents that wait; some models also encode the two differently. */
  purpose: "query" | "document";
  signal?: AbortSignal;
}

/** Text → vectors. The id may change once in an embedder's life, when a model cannot load: store it with the vectors. */
export interface Embedder {
  embed(texts: readonly string[], options: EmbedOptions): Promise<EmbeddingResult>;
  /** What answers now, and why a lesser model does when it does. */
  status(): EmbedderStatus;
  close(): Promise<void>;
}

export interface EmbedderStatus {
  modelId: string;
  dimension: number;
  /** `idle`: not loaded yet; `degraded`: a fallback answers. */
  state: "idle" | "ready" | "degraded" | "closed";
  reason?: string;
}
