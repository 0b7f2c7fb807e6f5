import type { Http } from "@sophia/core/http/http";
import { checkCount, refuseInput } from "./check-input.ts";
import { costOf, type TavilyCost } from "./cost.ts";
import { policyOf } from "./operations.ts";
import { CrawlReply, MapReply } from "./schemas.ts";
import { type TavilyPage, toPage } from "./search.ts";

export interface TavilySite {
  url: string;
  /** In plain words, what to look for: doubles the price of finding pages. */
  instructions?: string;
  /** 1 to 5, default 1. */
  maxDepth?: number;
  /** Links followed from each page, 1 to 500. */
  maxBreadth?: number;
  /** Pages in all: bounds the price. */
  maxPages: number;
  /** Regular expressions. */
  selectPaths?: readonly string[];
  excludePaths?: readonly string[];
  selectDomains?: readonly string[];
  excludeDomains?: readonly string[];
  /** Default false, unlike the vendor's own. */
  allowExternal?: boolean;
  /** The vendor's own time, 10 to 150. */
  siteTimeoutSecs?: number;
}

export interface TavilyCrawl extends TavilySite {
  depth?: "basic" | "advanced";
  format?: "markdown" | "text";
}

export interface TavilySites {
  /** The addresses of a site. */
  map(site: TavilySite, signal: AbortSignal): Promise<{ urls: string[]; cost: TavilyCost }>;
  /** The pages of a site. Sent once: after a cut connection the outcome is unknown. */
  crawl(site: TavilyCrawl, signal: AbortSignal): Promise<{ pages: TavilyPage[]; cost: TavilyCost }>;
}

const crawlBytes = 128 * 1024 * 1024;
const mostPages = 10_000;

/** https://docs.tavily.com/documentation/api-reference/endpoint/crawl */
export function createSites(http: Http): TavilySites {
  return {
    async map(site, signal) {
      const request = { ...policyOf("map"), method: "POST" as const, path: "/map", body: siteBody(site), signal };
      const { data } = await http.request({ ...request, schema: MapReply });
      return { urls: data.results, cost: costOf(data.usage, { operation: "map", ...priced(site, data.results) }) };
    },
    async crawl(site, signal) {
      const body = { ...siteBody(site), extract_depth: site.depth, format: site.format };
      const request = { ...policyOf("crawl"), method: "POST" as const, path: "/crawl", body, signal };
      const { data } = await http.request({ ...request, schema: CrawlReply, maxBytes: crawlBytes });
      const planned = { ...priced(site, data.results), depth: site.depth ?? "basic" };
      return { pages: data.results.map(toPage), cost: costOf(data.usage, { operation: "crawl", ...planned }) };
    },
  };
}

function priced(site: TavilySite, results: readonly unknown[]): { pages: number; hasInstructions: boolean } {
  return { pages: results.length, hasInstructions: site.instructions !== undefined };
}

function siteBody(site: TavilySite): Record<string, unknown> {
  checkCount("maxDepth", site.maxDepth, { least: 1, most: 5 });
  checkCount("maxBreadth", site.maxBreadth, { least: 1, most: 500 });
  checkCount("maxPages", site.maxPages, { least: 1, most: mostPages });
  checkCount("siteTimeoutSecs", site.siteTimeoutSecs, { least: 10, most: 150 });
  const patterns = [site.selectPaths, site.excludePaths, site.selectDomains, site.excludeDomains].flatMap(
    (list) => list ?? [],
  );
  for (const pattern of patterns) checkPattern(pattern);
  return {
    url: site.url,
    instructions: site.instructions,
    max_depth: site.maxDepth,
    max_breadth: site.maxBreadth,
    limit: site.maxPages,
    select_paths: site.selectPaths,
    exclude_paths: site.excludePaths,
    select_domains: site.selectDomains,
    exclude_domains: site.excludeDomains,
    allow_external: site.allowExternal ?? false,
    timeout: site.siteTimeoutSecs,
    include_usage: true,
  };
}

function checkPattern(pattern: string): void {
  try {
    new RegExp(pattern);
  } catch {
    throw refuseInput("Paths and domains are regular expressions, and one of them is not sound.", "Escape its signs.");
  }
}
