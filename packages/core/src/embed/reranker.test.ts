import { describe, expect, test } from "vitest";
import { createLexicalEmbedder } from "./lexical-embedder.ts";
import { createRemoteReranker, type RerankPort } from "./remote-reranker.ts";
import { createVectorReranker } from "./vector-reranker.ts";

function create(port: RerankPort, maxDocuments = 3) {
  return createRemoteReranker({ port, service: "tei", mode: "live", model: "bge-reranker", maxDocuments });
}

describe("a cross-encoder", () => {
  test("ranks a long list over several requests, and counts what they cost", async () => {
    const sizes: number[] = [];
    const reranker = create({
      async rerank(_query, documents) {
        sizes.push(documents.length);
        const results = documents.map((text, index) => ({ index, score: Number(text) })).toReversed();
        return { results, model: "bge-reranker-v2", costUsd: 0.001 };
      },
    });
    const { results, modelId, costUsd } = await reranker.rerank("q", ["3", "9", "1", "7", "9", "0", "2"], { topN: 4 });
    expect(results).toEqual([
      { index: 1, score: 9 },
      { index: 4, score: 9 },
      { index: 3, score: 7 },
      { index: 0, score: 3 },
    ]);
    expect([sizes, modelId, costUsd]).toEqual([[3, 3, 1], "tei:bge-reranker-v2", 0.003]);
    expect(reranker.status()).toEqual({ modelId, method: "cross-encoder", service: "tei", mode: "live" });
  });

  test.each([
    [[{ index: 0, score: 1 }]],
    [
      [
        { index: 0, score: 1 },
        { index: 0, score: 1 },
      ],
    ],
    [
      [
        { index: 0, score: 1 },
        { index: 2, score: 1 },
      ],
    ],
    [
      [
        { index: 0, score: Number.NaN },
        { index: 1, score: 1 },
      ],
    ],
  ])("%j is no ranking of two documents", async (results) => {
    const reranker = create({ rerank: async () => ({ results, model: "m" }) });
    await expect(reranker.rerank("q", ["a", "b"])).rejects.toMatchObject({ kind: "upstream" });
  });

  test("two models in one list are refused, and cancellation goes through", async () => {
    let calls = 0;
    const reranker = create(
      {
        async rerank(_query, _documents, signal) {
          signal.throwIfAborted();
          return { results: [{ index: 0, score: 1 }], model: `m${(calls += 1)}` };
        },
      },
      1,
    );
    await expect(reranker.rerank("q", ["a", "b"])).rejects.toMatchObject({ kind: "unavailable" });
    await expect(reranker.rerank("q", ["a"], { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});

test("vectors rank where there is no cross-encoder, and say so", async () => {
  const reranker = createVectorReranker(createLexicalEmbedder({ dimension: 256 }));
  const documents = ["weather in Oslo", "restarting billing services", "bills of birds"];
  const { results, modelId } = await reranker.rerank("restart the billing service", documents, { topN: 2 });
  expect(results.map(({ index }) => index)).toEqual([1, 2]);
  expect(results[0]?.score).toBeGreaterThan(0.5);
  expect(modelId).toBe("vectors:lexical-3-5gram-v1-256");
  expect(reranker.status()).toEqual({ modelId, method: "vectors", service: "sophia", mode: "local" });
});
