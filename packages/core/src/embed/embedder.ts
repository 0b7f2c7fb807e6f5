/** Vectors of unit length (zero for a text without a single letter or digit), so that the inner product is the score. */
export interface EmbeddingResult {
  vectors: Float32Array[];
  /** Name, revision, dimension and mixing. Part of every key and every stored vector: two ids are never compared. */
  modelId: string;
  dimension: number;
  /** What the call cost, as far as the provider said; absent where nobody bills. */
  costUsd?: number;
  /** Who embedded these texts, where that depends on whose they are. Absent: as `status` says. */
  place?: { service: string; mode: "live" | "local" | "simulated" };
  /** Why not the model that is configured, where that depends on whose texts they are. */
  reason?: string;
}

/** Whose texts they are: an embedder that sends them away or is paid for asks what that caller allows and can pay. */
export interface EmbedAccount {
  caller: string;
  requestId: string;
}

/** Told what becomes of each text at a service that is paid for, as it happens: also where the call fails in the end. */
export interface EmbedMeter {
  sent(characters: number): void;
  /** `costUsd` is this text's share of the answer; `undefined`: nobody knows the price. */
  answered(characters: number, costUsd: number | undefined): void;
  /** There will be no answer: refused, or lost on the way. */
  failed(characters: number): void;
}

export interface EmbedOptions {
  /** A query is answered before documents that wait; some models also encode the two differently. */
  purpose: "query" | "document";
  signal?: AbortSignal;
  /** Absent: nobody's, and they stay on this machine where the embedder minds such things. */
  account?: EmbedAccount;
  meter?: EmbedMeter;
}

/**
 * Text → vectors. The id may change in an embedder's life, when a model cannot load or a remote service begins to serve
 * another one: store it with the vectors. Vectors may be shared with other callers: nobody writes into one.
 */
export interface Embedder {
  embed(texts: readonly string[], options: EmbedOptions): Promise<EmbeddingResult>;
  /** What answers now, and why a lesser model does when it does. */
  status(): EmbedderStatus;
  close(): Promise<void>;
}

export interface EmbedderStatus {
  /** Of a remote model that has not answered yet: its name alone. */
  modelId: string;
  /** 0 while unknown: only before a remote model's first answer. */
  dimension: number;
  /** `idle`: not loaded yet; `degraded`: a fallback answers. */
  state: "idle" | "ready" | "degraded" | "closed";
  reason?: string;
  /** Who embeds. Absent: this process. */
  service?: string;
  mode?: "live" | "local" | "simulated";
}
