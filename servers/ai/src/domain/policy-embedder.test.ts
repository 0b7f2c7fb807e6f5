import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import type { Embedder } from "@sophia/core/embed/embedder";
import type { Reranker } from "@sophia/core/embed/reranker";
import { createVectorReranker } from "@sophia/core/embed/vector-reranker";
import type { Place } from "@sophia/core/routing/data-policy";
import { expect, test } from "vitest";
import { openPolicy } from "./key-policy.ts";
import { createPolicyEmbedder, createPolicyReranker } from "./policy-embedder.ts";

const policies = {
  of: (caller: string) => ({
    ...openPolicy,
    ...(caller === "strict" && { dataPolicy: "local" as const }),
    ...(caller === "european" && { region: "eu" }),
  }),
};
const wish = (caller?: string) => ({
  purpose: "query" as const,
  ...(caller !== undefined && { account: { caller, requestId: "r" } }),
});

function open(place: Place, isOurs = false) {
  const sent: string[] = [];
  const away: Embedder = {
    async embed(texts) {
      sent.push(...texts);
      return { vectors: texts.map(() => Float32Array.of(1)), modelId: "away", dimension: 1 };
    },
    status: () => ({ modelId: "away", dimension: 1, state: "ready" }),
    close: async () => {},
  };
  const ranker: Reranker = {
    async rerank(query, documents) {
      sent.push(query, ...documents);
      return { results: [{ index: 0, score: 1 }], modelId: "ranker" };
    },
    status: () => ({ modelId: "ranker", method: "cross-encoder", service: "huggingface", mode: "live" }),
  };
  const own = createLexicalEmbedder({ dimension: 64 });
  const at = <Service>(service: Service) => ({ service, name: "TEI", findPlace: () => place, isOurs });
  const embedder = createPolicyEmbedder({ away: at(away), own, policies });
  const reranker = createPolicyReranker({ away: at(ranker), own: createVectorReranker(embedder), policies });
  return { embedder, reranker, sent };
}

test("texts leave where their caller lets them, and never those of nobody", async () => {
  const { embedder, reranker, sent } = open({ dataPolicy: "no_training", region: "us" });
  for (const caller of ["strict", "european", undefined]) {
    const { modelId, place, reason } = await embedder.embed(["a text"], wish(caller));
    expect([modelId, place?.service]).toEqual([expect.stringMatching(/^lexical/), "sophia"]);
    expect(reason).toMatch(/^TEI .*model of this machine/);
    const ranked = await reranker.rerank("a text", ["another"], wish(caller));
    expect(ranked).toMatchObject({ method: "vectors", place: { service: "sophia", mode: "local" }, reason });
  }
  expect(sent).toEqual([]);
  const loose = await embedder.embed(["a text"], wish("anybody"));
  expect(loose).not.toHaveProperty("reason");
  expect(await reranker.rerank("b", ["c"], wish("anybody"))).toMatchObject({ modelId: "ranker" });
  expect(sent).toEqual(["a text", "b", "c"]);
});

test("what is ours embeds what is nobody's, too", async () => {
  const { embedder, sent } = open({ dataPolicy: "local" }, true);
  expect(await embedder.embed(["an answer"], wish())).toMatchObject({ modelId: "away" });
  expect(sent).toEqual(["an answer"]);
});

test("what promises enough gets the texts of strict keys, too", async () => {
  const { embedder, sent } = open({ dataPolicy: "local", region: "eu" });
  await embedder.embed(["one"], wish("strict"));
  await embedder.embed(["two"], wish("european"));
  expect(sent).toEqual(["one", "two"]);
});
