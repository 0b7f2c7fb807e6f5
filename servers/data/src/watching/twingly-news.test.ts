import { expect, test } from "vitest";
import { createTwinglyNews } from "./twingly-news.ts";

const { signal } = new AbortController();
const article = (id: string, publishedAt: number | null, url = `https://example.com/${id}`) => ({
  id,
  url,
  title: `Title ${id}`,
  author: null,
  publishedAt,
  text: "The licensed text.",
  snippet: "Some words.",
});

function setUp(...answers: ReturnType<typeof article>[][]) {
  const asked: unknown[] = [];
  const client = {
    async searchNews(search: object) {
      asked.push(search);
      return { articles: answers[asked.length - 1] ?? [] };
    },
  };
  return { news: createTwinglyNews({ client, mode: "simulated" }), asked };
}

test("each alternative is a search of its own; what both find comes once, newest first, without its licensed text", async () => {
  const { news, asked } = setUp([article("1", 10), article("2", 30)], [article("2", 30), article("3", 20)]);
  const { entries, costUsd } = await news.search({ topic: "rail strike, ferries", since: 5, limit: 2 }, signal);
  expect(asked).toEqual([
    { all: ["rail", "strike"], since: 5, size: 2, order: "newest" },
    { all: ["ferries"], since: 5, size: 2, order: "newest" },
  ]);
  expect(entries.map(({ id }) => id)).toEqual(["2", "3"]);
  expect(JSON.stringify(entries)).not.toContain("licensed");
  expect({ costUsd, service: news.service, mode: news.mode }).toEqual({
    costUsd: 0,
    service: "twingly",
    mode: "simulated",
  });
});

test("an address that is none of the web is left out, and a topic without words is no search", async () => {
  const { news } = setUp([article("1", 1, "javascript:alert(1)")]);
  expect((await news.search({ topic: "x", since: 0, limit: 9 }, signal)).entries).toMatchObject([
    { id: "1", url: null },
  ]);
  const none = setUp();
  expect((await none.news.search({ topic: " , !", since: 0, limit: 9 }, signal)).entries).toEqual([]);
  expect(none.asked).toEqual([]);
});
