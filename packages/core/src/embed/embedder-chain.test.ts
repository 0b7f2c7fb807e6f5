import { expect, test } from "vitest";
import { AppError, type ErrorKind } from "../errors/app-error.ts";
import type { Embedder } from "./embedder.ts";
import { createEmbedderChain } from "./embedder-chain.ts";
import { createLexicalEmbedder } from "./lexical-embedder.ts";

const query = { purpose: "query" } as const;

function createFailing(modelId: string, kinds: (ErrorKind | undefined)[]): Embedder {
  return {
    async embed(texts) {
      const kind = kinds.shift();
      if (kind) throw new AppError(kind, modelId);
      return { vectors: texts.map(() => Float32Array.of(1)), modelId, dimension: 1 };
    },
    status: () => ({ modelId, dimension: 1, state: "ready" }),
    close: async () => {},
  };
}

test("a passing failure is thrown and the same model answers afterwards", async () => {
  const kinds: (ErrorKind | undefined)[] = ["unavailable", "rate_limited", "timeout", "upstream", "denied", undefined];
  const chain = createEmbedderChain([createFailing("first", kinds), createLexicalEmbedder()]);
  for (const kind of kinds.slice(0, 5)) {
    await expect(chain.embed(["a"], query)).rejects.toMatchObject({ kind });
  }
  expect((await chain.embed(["a"], query)).modelId).toBe("first");
  expect(chain.status().state).toBe("ready");
});

test("a model that is not there is left for good, and that is said", async () => {
  const missing: ErrorKind[] = ["not_configured", "not_configured", "not_configured"];
  const chain = createEmbedderChain([
    createFailing("remote", [...missing]),
    createFailing("folder", [...missing]),
    createLexicalEmbedder(),
  ]);
  const answers = await Promise.all([chain.embed(["a b"], query), chain.embed(["a b"], query)]);
  expect(answers.map(({ modelId }) => modelId)).toEqual(Array(2).fill("lexical-3-5gram-v1-1024"));
  expect(chain.status()).toMatchObject({
    state: "degraded",
    modelId: "lexical-3-5gram-v1-1024",
    reason: "remote, folder could not be loaded: lexical-3-5gram-v1-1024 answers instead.",
  });
});

test("the last one's failure is the chain's", async () => {
  const chain = createEmbedderChain([createFailing("only", ["not_configured"])]);
  await expect(chain.embed(["a"], query)).rejects.toMatchObject({ kind: "not_configured" });
});
