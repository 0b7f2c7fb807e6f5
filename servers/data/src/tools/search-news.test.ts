import { expect, test } from "vitest";
import { toolContext } from "../testing/tool-context.ts";
import { searchNews } from "./search-news.ts";

const article = {
  id: "16405819479794412880",
  url: "https://n.example/1",
  title: "T",
  text: "the whole text",
  snippet: "the beginning",
  site: { id: null, name: "Paper", url: null },
  language: "sv",
  publishedAt: null,
  receivedAt: Date.UTC(2026, 10, 2),
  isPaywalled: true,
};

test("hands on what was asked, shows beginnings only, and keeps every digit", async () => {
  const asked: unknown[] = [];
  const client = {
    searchNews: async (search: unknown) => {
      asked.push(search);
      return { articles: [article], estimatedTotal: 12.4 };
    },
  };
  const vendors = { twingly: { client, mode: "live" as const } };
  const context = toolContext({ vendors }) as unknown as Parameters<typeof searchNews.run>[1];
  const input = searchNews.input.parse({ all: ["battery"], since: "2026-11-01", limit: 5 });
  const output = searchNews.output.parse(await searchNews.run(input, context));
  expect(asked).toEqual([{ all: ["battery"], since: Date.UTC(2026, 10, 1), size: 5 }]);
  expect(output).toMatchObject({ estimatedTotal: 12, articles: [{ id: article.id, snippet: "the beginning" }] });
  expect(JSON.stringify(output)).not.toContain("the whole text");
});

test("without a key it says what else there is", async () => {
  const context = toolContext({ vendors: { twingly: undefined } });
  await expect(searchNews.run(searchNews.input.parse({ any: ["x"] }), context)).rejects.toMatchObject({
    kind: "not_configured",
    hint: expect.stringContaining("TWINGLY_API_KEY"),
  });
});
