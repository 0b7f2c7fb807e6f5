import type { RerankPort } from "@sophia/core/embed/remote-reranker";
import type { TeiClient, TeiInfo } from "@sophia/vendors/huggingface/tei-client";

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
