import type { Logger } from "pino";
import { AppError } from "../errors/app-error.ts";
import type { Embedder, EmbedderStatus, EmbeddingResult, EmbedOptions } from "./embedder.ts";

/**
 * The first of several embedders that can be used at all. One that answers `not_configured` (its model is not there) is
 * left for good, and the next takes over under its own id; `status` says so. Every other failure is thrown: ids must
 * not alternate with a service's good and bad minutes.
 */
export function createEmbedderChain(embedders: readonly [Embedder, ...Embedder[]], log?: Logger): Embedder {
  let position = 0;
  const current = () => embedders[position] ?? embedders[0];

  async function embed(texts: readonly string[], options: EmbedOptions): Promise<EmbeddingResult> {
    for (;;) {
      const asked = position;
      try {
        return await current().embed(texts, options);
      } catch (error) {
        const canMove = error instanceof AppError && error.kind === "not_configured" && asked < embedders.length - 1;
        if (!canMove) throw error;
        // Of concurrent calls only the first moves on.
        if (position === asked) {
          position += 1;
          log?.warn({ from: embedders[asked]?.status().modelId, to: current().status().modelId }, "embedder replaced");
        }
      }
    }
  }

  function status(): EmbedderStatus {
    const now = current().status();
    if (position === 0 || now.state === "closed") return now;
    const lost = embedders
      .slice(0, position)
      .map((embedder) => embedder.status().modelId)
      .join(", ");
    const reason = [`${lost} could not be loaded: ${now.modelId} answers instead.`, now.reason]
      .filter(Boolean)
      .join(" ");
    return { ...now, state: "degraded", reason };
  }

  return {
    embed,
    status,
    async close() {
      await Promise.all(embedders.map((embedder) => embedder.close()));
    },
  };
}
