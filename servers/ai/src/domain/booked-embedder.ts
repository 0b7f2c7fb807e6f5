import type { Embedder } from "@sophia/core/embed/embedder";
import { AppError } from "@sophia/core/errors/app-error";
import type { PaidEmbedding } from "./paid-embedding.ts";
import { bookPlainCall, type PlainCallParts } from "./plain-call.ts";

/** The provider's embedder beside the calls of others: what it costs is booked to whoever's texts they are, as our own call. */
export function createBookedEmbedder(paid: PaidEmbedding, parts: PlainCallParts): Embedder {
  return {
    async embed(texts, options) {
      const { account, signal = new AbortController().signal } = options;
      if (!account) throw new AppError("internal", "Nobody pays for these texts.");
      const asked = paid.toCall(texts, options);
      return (await bookPlainCall(parts, { ...asked, ...account, signal, origin: "internal" })).value;
    },
    status: () => paid.status(),
    close: () => paid.close(),
  };
}
