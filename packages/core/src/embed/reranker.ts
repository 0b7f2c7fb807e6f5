import type { EmbedAccount } from "./embedder.ts";

/** Documents by how well they answer a query. */
export interface Reranker {
  rerank(query: string, documents: readonly string[], options?: RerankOptions): Promise<RerankResult>;
  status(): RerankerStatus;
}

export interface RerankOptions {
  /** Results to return. Default: all. */
  topN?: number;
  signal?: AbortSignal;
  /** Whose texts they are, for a reranker that compares vectors. */
  account?: EmbedAccount;
}

export interface RerankResult {
  /** The best first. Scores are comparable within one model id only. */
  results: RankedDocument[];
  modelId: string;
  costUsd?: number;
  /** Who ranked, where that depends on whose texts they are. Absent: as `status` says. */
  place?: { service: string; mode: "live" | "local" | "simulated" };
  /** Why not what is configured, where that depends on whose texts they are. */
  reason?: string;
  /** How, where that depends on it too. Absent: as `status` says. */
  method?: RerankerStatus["method"];
}

export interface RankedDocument {
  /** In the list that was given. */
  index: number;
  score: number;
}

export interface RerankerStatus {
  modelId: string;
  /** `cross-encoder` reads query and document together; `vectors` compares two that were made apart, and errs more. */
  method: "cross-encoder" | "vectors";
  service: string;
  mode: "live" | "local" | "simulated";
}
