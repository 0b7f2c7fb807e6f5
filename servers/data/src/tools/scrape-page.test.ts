import { expect, test } from "vitest";
import type { ScrapeWish } from "../scraping/page-scraper.ts";
import { toolContext } from "../testing/tool-context.ts";
import { scrapePage } from "./scrape-page.ts";

const document = { documentId: "d1", state: "new" as const, url: "https://example.com/", title: "T" };

test("hands on what is wished, cuts long texts, and says how it was got and what it cost", async () => {
  const asked: ScrapeWish[] = [];
  const scraper = {
    scrape: async (wish: ScrapeWish) => {
      asked.push(wish);
      return {
        document,
        markdown: "x".repeat(900),
        fields: null,
        way: "js_render",
        mode: "live" as const,
        costUsd: 0.001,
      };
    },
  };
  const input = scrapePage.input.parse({ url: "example.com", withScripts: true, maxLength: 500 });
  const output = scrapePage.output.parse(await scrapePage.run(input, toolContext({ scraper })));
  expect(asked[0]).toMatchObject({ url: "https://example.com/", withScripts: true, maxCredits: 6 });
  expect(output).toMatchObject({ documentId: "d1", totalLength: 900, source: { service: "zenrows", mode: "live" } });
  expect(output.markdown).toHaveLength(500);
  expect(scrapePage.render?.(output)).toMatch(/js_render, for 0\.001 USD[\s\S]*untrusted/i);
});
