import type { Embedder, EmbeddingResult, EmbedOptions } from "@sophia/core/embed/embedder";
import { findPlaceObstacle } from "@sophia/core/routing/data-policy";
import { estimateTokens } from "@sophia/vendors/openai-shape/usage";
import { bookPlainCall, type PlainCallParts } from "./plain-call.ts";
import { standingPlace, type Target } from "./targets.ts";

export interface BookedEmbedderOptions extends PlainCallParts {
  /** A provider's model; answers with what it cost. */
  paid: Embedder;
  /** Its name there. */
  paidModel: string;
  /** On this machine, for whoever's texts must not go to that provider. */
  own: Embedder;
}

/**
 * The provider's embedder beside the calls of others: look-ups by meaning, vectors for the router, our own ranking. It
 * asks the data policy of whoever's texts they are and books what it costs to that caller; texts of nobody, and those
 * that their policy keeps here, get the vectors of this machine, which have a model id of their own.
 */
export function createBookedEmbedder(options: BookedEmbedderOptions): Embedder {
  const { paid, paidModel, own, models, policies } = options;
  const ownPlace = { service: "sophia", mode: "local" as const };

  async function findAllowed({ account }: EmbedOptions): Promise<Target | undefined> {
    if (!account) return undefined;
    // A provider that cannot be reached fails where it is asked, as before.
    const target = await models.resolve(paidModel);
    // Texts of several callers leave in one request, which can make no demands.
    return findPlaceObstacle(standingPlace(target), policies.of(account.caller)) === undefined ? target : undefined;
  }

  async function embedPaid(texts: readonly string[], wish: EmbedOptions, target: Target): Promise<EmbeddingResult> {
    const { account = { caller: "", requestId: "" }, signal = new AbortController().signal } = wish;
    const inputTokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
    const call = { ...account, signal, origin: "internal", operation: "embeddings", model: paidModel } as const;
    const { value } = await bookPlainCall(options, {
      ...call,
      inputTokens,
      demands: false,
      async ask() {
        const answer = await paid.embed(texts, wish);
        // What it remembers is free.
        const { costUsd } = answer;
        const usage = { inputTokens: costUsd === undefined ? 0 : inputTokens, outputTokens: 0, cachedInputTokens: 0 };
        return { value: answer, usage: { ...usage, estimated: true, statedCostUsd: costUsd ?? 0 } };
      },
    });
    const { service, mode } = target.candidate;
    return { ...value, place: { service, mode } };
  }

  return {
    async embed(texts, wish) {
      const target = await findAllowed(wish);
      if (target) return await embedPaid(texts, wish, target);
      return { ...(await own.embed(texts, wish)), place: ownPlace };
    },
    status: () => paid.status(),
    async close() {
      await Promise.all([paid.close(), own.close()]);
    },
  };
}
