import { expect, test } from "vitest";
import { createTwinglyNewsSearches } from "./twingly-news.ts";

test("keeps the beginnings of licensed texts with their facts, and says that more was there", async () => {
  const article = {
    url: "https://n.example/1",
    title: "T",
    author: null,
    publishedAt: 5,
    language: "sv",
    text: "whole",
  };
  const asked: unknown[] = [];
  const client = {
    searchNews: async (search: unknown) => {
      asked.push(search);
      return { articles: [{ ...article, snippet: "beginning" }], estimatedTotal: 9.6 };
    },
  };
  const source = createTwinglyNewsSearches({
    client: client as unknown as Parameters<typeof createTwinglyNewsSearches>[0]["client"],
    mode: "live",
  });
  const harvest = await source.collect(
    { source: "twingly", query: "electric  cars", maxResults: 5 },
    new AbortController().signal,
  );
  expect(asked).toEqual([{ all: ["electric", "cars"], size: 5 }]);
  expect(harvest).toMatchObject({
    costUsd: 0,
    note: "About 10 articles match, 1 were taken.",
    pages: [{ publishedAt: 5 }],
  });
  expect(JSON.stringify(harvest)).not.toContain("whole");
});
