import type { Embedder } from "./embedder.ts";
import type { Reranker } from "./reranker.ts";

/** Ranks by the inner product of vectors that an embedder makes of query and documents: what there is without a cross-encoder. */
export function createVectorReranker(embedder: Embedder): Reranker {
  return {
    async rerank(query, documents, { topN = documents.length, signal, account } = {}) {
      const wish = { ...(signal && { signal }), ...(account && { account }) };
      const [asked, given] = await Promise.all([
        embedder.embed([query], { purpose: "query", ...wish }),
        embedder.embed(documents, { purpose: "document", ...wish }),
      ]);
      // The model changed between the two: the query is asked for again.
      const again = asked.modelId !== given.modelId && (await embedder.embed([query], { purpose: "query", ...wish }));
      const [left = new Float32Array()] = (again || asked).vectors;
      const results = given.vectors
        .map((right, index) => ({ index, score: innerProduct(left, right) }))
        .toSorted((first, second) => second.score - first.score || first.index - second.index)
        .slice(0, topN);
      const costs = [asked, given, again].flatMap((answer) => (answer ? (answer.costUsd ?? []) : []));
      const costUsd = costs.reduce((sum, cost) => sum + cost, 0);
      return {
        results,
        modelId: `vectors:${given.modelId}`,
        ...(costs.length > 0 && { costUsd }),
        ...(given.place && { place: given.place }),
        ...(given.reason !== undefined && { reason: given.reason }),
      };
    },
    status() {
      const { modelId, service = "sophia", mode = "local" } = embedder.status();
      return { modelId: `vectors:${modelId}`, method: "vectors", service, mode };
    },
  };
}

function innerProduct(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (const [index, value] of left.entries()) sum += value * (right[index] ?? 0);
  return sum;
}
