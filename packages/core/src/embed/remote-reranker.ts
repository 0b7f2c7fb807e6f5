import { AppError } from "../errors/app-error.ts";
import type { RankedDocument, Reranker, RerankerStatus } from "./reranker.ts";

/** What a vendor's client does for one batch. */
export interface RerankPort {
  /** One score for each document, in any order. */
  rerank(
    query: string,
    documents: readonly string[],
    signal: AbortSignal,
  ): Promise<{ results: readonly RankedDocument[]; model: string; costUsd?: number }>;
}

export interface RemoteRerankerOptions {
  port: RerankPort;
  service: string;
  mode: RerankerStatus["mode"];
  model: string;
  /** Documents of one request. Default 32, what TEI takes unless told otherwise. */
  maxDocuments?: number;
  /** Longest call, all its requests included. Default 30 s. */
  deadlineMs?: number;
}

/** A cross-encoder behind HTTP. It scores each pair by itself, so that long lists go in several requests. */
export function createRemoteReranker(options: RemoteRerankerOptions): Reranker {
  const { port, service, mode, maxDocuments = 32, deadlineMs = 30_000 } = options;
  let modelId = `${service}:${options.model}`;
  return {
    async rerank(query, documents, { topN = documents.length, signal } = {}) {
      const deadline = AbortSignal.timeout(deadlineMs);
      const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
      const ranked: RankedDocument[] = [];
      const models = new Set<string>();
      let costUsd: number | undefined;
      for (let from = 0; from < documents.length; from += maxDocuments) {
        const batch = documents.slice(from, from + maxDocuments);
        const answer = await port.rerank(query, batch, either);
        assertWhole(answer.results, batch.length, service);
        ranked.push(...answer.results.map(({ index, score }) => ({ index: index + from, score })));
        models.add(answer.model);
        if (answer.costUsd !== undefined) costUsd = (costUsd ?? 0) + answer.costUsd;
      }
      if (models.size > 1) {
        throw new AppError("unavailable", "The rerank service changed its model in the middle.", { service });
      }
      for (const model of models) modelId = `${service}:${model}`;
      const results = ranked.toSorted((left, right) => right.score - left.score || left.index - right.index);
      return { results: results.slice(0, topN), modelId, ...(costUsd !== undefined && { costUsd }) };
    },
    status: () => ({ modelId, method: "cross-encoder", service, mode }),
  };
}

function assertWhole(results: readonly RankedDocument[], count: number, service: string): void {
  const known = new Set(results.filter(({ score }) => Number.isFinite(score)).map(({ index }) => index));
  const isWhole = results.length === count && known.size === count && [...known].every((index) => index < count);
  if (!isWhole) throw new AppError("upstream", "The rerank service did not score every document.", { service });
}
