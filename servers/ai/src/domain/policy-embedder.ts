import type { Embedder, EmbedOptions } from "@sophia/core/embed/embedder";
import type { Reranker, RerankOptions } from "@sophia/core/embed/reranker";
import { findPlaceObstacle, type Place } from "@sophia/core/routing/data-policy";
import type { KeyPolicies } from "./key-policy.ts";

/** What is somewhere else, and what that promises. */
export interface Away<Service> {
  service: Service;
  /** In messages. */
  name: string;
  /** May throw where it cannot be reached: then nobody answers in its place. */
  findPlace(): Promise<Place> | Place;
  /** On this machine, and billed by nobody: also for the texts that are no caller's, and the server's own. */
  isOurs?: boolean;
}

interface Parts<Service> {
  away: Away<Service>;
  /** On this machine, for whoever's texts must not go there. */
  own: Service;
  policies: KeyPolicies;
}

const ownPlace = { service: "sophia", mode: "local" } as const;

/**
 * Asks the data policy of whoever's texts they are before they leave: texts of nobody, and those that their policy
 * keeps here, get the vectors of this machine, which have a model id of their own.
 */
export function createPolicyEmbedder({ own, ...parts }: Parts<Embedder>): Embedder {
  const { service } = parts.away;
  return {
    async embed(texts, options) {
      options.signal?.throwIfAborted();
      const reason = await findReason(parts, options);
      if (reason === undefined) return await service.embed(texts, options);
      return { ...(await own.embed(texts, options)), place: ownPlace, reason };
    },
    status: () => service.status(),
    async close() {
      await Promise.all([service.close(), own.close()]);
    },
  };
}

/** The same for ranks. */
export function createPolicyReranker({ own, ...parts }: Parts<Reranker>): Reranker {
  const { service } = parts.away;
  return {
    async rerank(query, documents, options = {}) {
      const reason = await findReason(parts, options);
      if (reason === undefined) return await service.rerank(query, documents, options);
      const { method } = own.status();
      return { ...(await own.rerank(query, documents, options)), method, reason };
    },
    status: () => service.status(),
  };
}

/** Why texts stay here; `undefined`: they may go. */
async function findReason(
  { away, policies }: { away: Away<unknown>; policies: KeyPolicies },
  { account }: Pick<EmbedOptions & RerankOptions, "account">,
): Promise<string | undefined> {
  if (!account && away.isOurs) return undefined;
  const obstacle = account
    ? findPlaceObstacle(await away.findPlace(), policies.of(account.caller))
    : "is for the texts of callers";
  return obstacle && `${away.name} ${obstacle}: the model of this machine answered.`;
}
