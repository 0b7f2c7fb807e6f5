import type { Embedder, EmbeddingResult, EmbedOptions } from "@sophia/core/embed/embedder";
import { findPlaceObstacle } from "@sophia/core/routing/data-policy";
import type { PaidEmbedding } from "./paid-embedding.ts";
import { bookPlainCall, type PlainCallParts } from "./plain-call.ts";
import { standingPlace } from "./targets.ts";

export interface BookedEmbedderOptions extends PlainCallParts {
  paid: PaidEmbedding;
  /** On this machine, for whoever's texts must not go to that provider. */
  own: Embedder;
}

/**
 * The provider's embedder beside the calls of others: look-ups by meaning, vectors for the router, our own ranking. It
 * asks the data policy of whoever's texts they are and books what it costs to that caller; texts of nobody, and those
 * that their policy keeps here, get the vectors of this machine, which have a model id of their own.
 */
export function createBookedEmbedder(options: BookedEmbedderOptions): Embedder {
  const { paid, own, models, policies } = options;
  const ownPlace = { service: "sophia", mode: "local" as const };

  /** Why not the provider; a provider that cannot be reached fails here, and nobody answers in its place. */
  async function findObstacle({ account }: EmbedOptions): Promise<string | undefined> {
    if (!account) return "These texts are nobody's";
    const target = await models.resolve(paid.model);
    const obstacle = findPlaceObstacle(standingPlace(target), policies.of(account.caller));
    return obstacle && `${paid.model} ${obstacle}`;
  }

  async function embedPaid(texts: readonly string[], wish: EmbedOptions): Promise<EmbeddingResult> {
    const { account = { caller: "", requestId: "" }, signal = new AbortController().signal } = wish;
    const asked = paid.toCall(texts, wish);
    // It checks the place again, and asks the one it has checked.
    return (await bookPlainCall(options, { ...asked, ...account, signal, origin: "internal" })).value;
  }

  return {
    async embed(texts, wish) {
      wish.signal?.throwIfAborted();
      const obstacle = await findObstacle(wish);
      if (obstacle === undefined) return await embedPaid(texts, wish);
      const reason = `${obstacle}: the model of this machine answered.`;
      return { ...(await own.embed(texts, wish)), place: ownPlace, reason };
    },
    status: () => paid.status(),
    async close() {
      await Promise.all([paid.close(), own.close()]);
    },
  };
}
