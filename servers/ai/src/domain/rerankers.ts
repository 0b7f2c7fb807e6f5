import type { Embedder } from "@sophia/core/embed/embedder";
import { createRemoteReranker, type RemoteRerankerOptions, type RerankPort } from "@sophia/core/embed/remote-reranker";
import type { Reranker } from "@sophia/core/embed/reranker";
import { createVectorReranker } from "@sophia/core/embed/vector-reranker";
import type { TeiClient, TeiInfo } from "@sophia/vendors/huggingface/tei-client";

/** The configured cross-encoder, else the embedder's vectors, which say of themselves that they are less. */
export function createReranker(embedder: Embedder, remote?: RemoteRerankerOptions): Reranker {
  return remote ? createRemoteReranker(remote) : createVectorReranker(embedder);
}

/** Of its own: several callers wait for one answer, and the first to leave must not end it for the others. */
const infoTimeoutMs = 5_000;

/** TEI with a cross-encoder. The model's name is asked for once, and again after a failure. */
export function toTeiRerankPort(client: Pick<TeiClient, "rerank" | "info">): RerankPort {
  let info: Promise<TeiInfo> | undefined;
  return {
    async rerank(query, documents, signal) {
      try {
        const [{ model }, scores] = await Promise.all([
          (info ??= client.info(AbortSignal.timeout(infoTimeoutMs))),
          client.rerank(query, documents, signal),
        ]);
        return { results: scores.map((score, index) => ({ index, score })), model };
      } catch (error) {
        info = undefined;
        throw error;
      }
    },
  };
}
