import type { Http } from "@sophia/core/http/http";
import { describe, expect, test } from "vitest";
import { createSearches, type TavilyExtraction, type TavilySearch } from "./search.ts";
import { createSites, type TavilySite } from "./sites.ts";

const { signal } = new AbortController();
const sent: unknown[] = [];
const http = {
  request(request: { body: unknown; schema: { parse(value: unknown): unknown } }) {
    sent.push(JSON.parse(JSON.stringify(request.body)));
    return Promise.resolve({ data: request.schema.parse({ results: [] }) });
  },
} as unknown as Http;
const searches = createSearches(http);
const sites = createSites(http);

const wrongSearches: [string, Partial<TavilySearch>][] = [
  ["an empty query", { query: " " }],
  ["a range and a day", { timeRange: "day", endDate: "2026-11-01" }],
  ["days the wrong way round", { startDate: "2026-11-02", endDate: "2026-11-01" }],
  ["a day that does not exist", { startDate: "2026-02-30" }],
  ["a day with a time", { startDate: "2026-02-03T00:00:00Z" }],
  ["a country in the news", { country: "germany", topic: "news" }],
  ["a country by its code", { country: "de" }],
  ["too many results", { maxResults: 21 }],
  ["half a result", { maxResults: 1.5 }],
  ["chunks of an ultra-fast search", { chunksPerSource: 2, depth: "ultra-fast" }],
  ["too many domains", { excludeDomains: Array.from({ length: 151 }, (_, at) => `${at}.example`) }],
];

describe("refused before a credit is spent", () => {
  test.each(wrongSearches)("%s", async (_name, search) => {
    sent.length = 0;
    await expect(searches.search({ query: "a", ...search }, signal)).rejects.toMatchObject({ kind: "invalid_input" });
    expect(sent).toEqual([]);
  });

  const wrongExtractions: TavilyExtraction[] = [
    { urls: [] },
    { urls: Array.from({ length: 21 }, () => "https://a.example") },
    { urls: ["https://a.example"], pageTimeoutSecs: 61 },
    { urls: ["https://a.example"], chunksPerSource: 2 },
  ];
  test.each(wrongExtractions)("an extraction of %j", async (extraction) => {
    await expect(searches.extract(extraction, signal)).rejects.toMatchObject({ kind: "invalid_input" });
  });

  const wrongSites: Partial<TavilySite>[] = [
    { maxDepth: 6 },
    { maxPages: 0 },
    { siteTimeoutSecs: 151 },
    { selectPaths: ["("] },
  ];
  test.each(wrongSites)("a site with %j", async (site) => {
    const whole = { url: "https://a.example", maxPages: 5, ...site };
    await expect(sites.map(whole, signal)).rejects.toMatchObject({ kind: "invalid_input" });
    await expect(sites.crawl(whole, signal)).rejects.toMatchObject({ kind: "invalid_input" });
  });
});

test("only what was asked for goes out, in the vendor's words", async () => {
  sent.length = 0;
  await searches.search({ query: "a", country: "United States", startDate: "2026-02-28" }, signal);
  expect(sent).toEqual([{ query: "a", country: "united states", start_date: "2026-02-28", include_usage: true }]);
});

test("an answer without a cost is estimated", async () => {
  const { cost } = await searches.search({ query: "a", autoParameters: true }, signal);
  expect(cost).toEqual({ credits: 2, costUsd: 0.016, kind: "estimate" });
});
