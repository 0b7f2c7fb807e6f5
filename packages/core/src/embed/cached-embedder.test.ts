import { expect, test } from "vitest";
import { createCachedEmbedder } from "./cached-embedder.ts";
import type { Embedder } from "./embedder.ts";

/** Vectors tell the model, the text and the number of the call that made them. */
function createCounting() {
  const asked: string[][] = [];
  const served = { model: 1 };
  const embedder: Embedder = {
    async embed(texts) {
      asked.push([...texts]);
      const vectors = texts.map((text) => Float32Array.of(served.model, text.length, asked.length));
      return { vectors, modelId: `m${served.model}`, dimension: 3 };
    },
    status: () => ({ modelId: `m${served.model}`, dimension: 3, state: "ready" }),
    close: async () => {},
  };
  return { asked, served, embedder };
}

const query = { purpose: "query" } as const;
const document = { purpose: "document" } as const;

test("asks for each text once, whatever its length, and keeps the order", async () => {
  const { asked, embedder } = createCounting();
  const cached = createCachedEmbedder(embedder);
  const long = "long ".repeat(100);
  await cached.embed(["a", long, "a"], query);
  const { vectors, modelId, dimension } = await cached.embed(["bb", "a", long], document);
  expect(asked).toEqual([["a", long], ["bb"]]);
  expect(vectors.map(([, length, call]) => [length, call])).toEqual([
    [2, 2],
    [1, 1],
    [500, 1],
  ]);
  expect([modelId, dimension]).toEqual(["m1", 3]);
  await cached.embed(["a", "bb"], query);
  expect(asked).toHaveLength(2);
});

test("keeps queries and documents apart where the model does", async () => {
  const { asked, embedder } = createCounting();
  const cached = createCachedEmbedder(embedder, { purposesDiffer: true });
  await cached.embed(["a"], query);
  await cached.embed(["a"], document);
  await cached.embed(["a"], query);
  expect(asked).toHaveLength(2);
});

test("forgets the least recently used beyond its bytes", async () => {
  const { asked, embedder } = createCounting();
  // An entry is 12 bytes of vector, 4 of key and 200 of the rest.
  const cached = createCachedEmbedder(embedder, { maxBytes: 450 });
  for (const text of ["a", "b", "a", "c", "a", "b"]) await cached.embed([text], query);
  expect(asked.flat()).toEqual(["a", "b", "c", "b"]);
});

test("never mixes two models in one answer", async () => {
  const { served, embedder } = createCounting();
  const cached = createCachedEmbedder(embedder);
  await cached.embed(["a"], query);
  served.model = 2;
  const { vectors, modelId } = await cached.embed(["a", "b"], query);
  expect([modelId, vectors.map(([model]) => model)]).toEqual(["m2", [2, 2]]);
  expect((await cached.embed(["b"], query)).modelId).toBe("m2");
});
