import { expect, test } from "vitest";
import { documents, searchCorpus } from "./corpus.ts";

test("every copy leads to an original, and no two originals are alike", () => {
  const originals = documents.filter(({ copyOf }) => !copyOf);
  const byUrl = new Map(originals.map((document) => [document.url, document]));
  expect(documents).toHaveLength(66);
  expect(byUrl.size).toBe(36);
  expect(new Set(originals.map(({ text }) => text)).size).toBe(36);
  for (const { copyOf, text } of documents.filter((document) => document.copyOf)) {
    const original = byUrl.get(copyOf?.url ?? "");
    expect(original).toBeDefined();
    expect(text === original?.text).toBe(copyOf?.kind !== "edited");
  }
});

test("a page has its text, its author and its time, and article ids are beyond a double", () => {
  for (const { html, text, articleId } of documents) {
    expect(html).toContain("article:published_time");
    expect(text.length).toBeGreaterThan(200);
    expect(articleId > BigInt(Number.MAX_SAFE_INTEGER)).toBe(true);
  }
});

test("a search finds a company's pages first, and nothing for words that no page has", () => {
  const found = searchCorpus("Dunmere Energy", { limit: 3 });
  expect(found).toHaveLength(3);
  for (const { title } of found) expect(title).toContain("Dunmere");
  expect(searchCorpus("xylophone zebra")).toEqual([]);
});
