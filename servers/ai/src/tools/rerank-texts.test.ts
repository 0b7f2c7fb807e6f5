import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import type { Reranker } from "@sophia/core/embed/reranker";
import { createVectorReranker } from "@sophia/core/embed/vector-reranker";
import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { rerankTexts } from "./rerank-texts.ts";

const vectors = createVectorReranker(createLexicalEmbedder({ dimension: 256 }));

function run(input: unknown, reranker: Reranker = vectors, signal = new AbortController().signal) {
  const context: ToolContext<{ reranker: Reranker }> = {
    services: { reranker },
    caller: { id: "c1", name: "tester", scopes: ["read"] },
    requestId: "r1",
    signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return rerankTexts.run(rerankTexts.input.parse(input), context);
}

describe("rerank_texts", () => {
  test("orders by the query and says that vectors did it", async () => {
    const documents = ["weather in Oslo", `restarting billing services ${"at night ".repeat(40)}`, "bills of birds"];
    const output = await run({ query: "restart the billing service", documents, topN: 2 });
    expect(output.results.map(({ index }) => index)).toEqual([1, 2]);
    expect(output.results[0]?.excerpt).toMatch(/^restarting billing services.{100,}…$/);
    expect(output).toMatchObject({
      modelId: "vectors:lexical-3-5gram-v1-256",
      method: "vectors",
      ranked: 3,
      source: { service: "sophia", mode: "local", costUsd: 0 },
    });
  });

  test("names the service of a cross-encoder and its price", async () => {
    const reranker: Reranker = {
      rerank: async (_query, _documents, options) => ({
        results: [{ index: 0, score: options?.topN ?? 0 }],
        modelId: "together:m",
        costUsd: 0.01,
      }),
      status: () => ({ modelId: "together:m", method: "cross-encoder", service: "together", mode: "live" }),
    };
    expect(await run({ query: "q", documents: ["a"] }, reranker)).toEqual({
      results: [{ index: 0, score: 10, excerpt: "a" }],
      modelId: "together:m",
      method: "cross-encoder",
      ranked: 1,
      source: { service: "together", mode: "live", costUsd: 0.01 },
    });
  });

  test("ends when the caller gives up", async () => {
    await expect(run({ query: "q", documents: ["a"] }, vectors, AbortSignal.abort())).rejects.toThrow();
  });

  test.each([
    [{ query: "", documents: ["a"] }],
    [{ query: "q", documents: [] }],
    [{ query: "q", documents: Array(101).fill("a") }],
    [{ query: "q", documents: ["a"], topN: 0 }],
  ])("refuses %j", (input) => {
    expect(rerankTexts.input.safeParse(input).success).toBe(false);
  });
});
