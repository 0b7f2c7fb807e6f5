import { createEntryShelf } from "@sophia/core/cache/entry-shelf";
import { toByteVector } from "@sophia/core/cache/byte-matrix";
import { buildLexicalVector } from "@sophia/core/embed/lexical-embedder";
import { pino } from "pino";
import { expect, test } from "vitest";
import { loadCacheGraph } from "./cache-graph.ts";

const dimension = 64;

test("a shelf goes over to usearch between other work, finds the same and never what was removed", async () => {
  const createGraph = await loadCacheGraph(pino({ level: "silent" }));
  const shelf = createEntryShelf({ dimension, createGraph, exactLimit: 100 });
  const texts = Array.from({ length: 160 }, (_, index) => `question about subject ${index * 7919} of ${index}`);
  for (const [index, text] of texts.entries()) {
    const times = { createdAt: 0, expiresAt: 1, removed: false, checks: 0, wrongChecks: 0 };
    const entry = { id: `e${index}`, category: "c", text, answerGroup: "g", strength: 1, tags: [], ...times };
    shelf.add(entry, toByteVector(buildLexicalVector(text, dimension)));
  }
  const nearest = (text: string) =>
    shelf.nearest(buildLexicalVector(text, dimension), 3, () => true).map(({ entry }) => entry.id);
  expect(shelf.method).toBe("exact");
  const exact = texts.slice(0, 20).map((text) => nearest(text)[0]);
  for (let turn = 0; shelf.method === "exact" && turn < 1_000; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(shelf.method).toBe("usearch");
  expect(texts.slice(0, 20).map((text) => nearest(text)[0])).toEqual(exact);
  Object.assign(shelf.get("e5") ?? {}, { removed: true });
  expect(nearest(texts[5] ?? "")).not.toContain("e5");
  expect(nearest(texts[5] ?? "")).toHaveLength(3);
});
