import type { Http } from "@sophia/core/http/http";
import type { z } from "zod";
import { checkCount, checkDay, checkDomains, readCountry, refuseInput } from "./check-input.ts";
import { costOf, type TavilyCost } from "./cost.ts";
import { policyOf } from "./operations.ts";
import { ExtractReply, type Page, SearchReply } from "./schemas.ts";

export type TavilyDepth = "basic" | "advanced" | "fast" | "ultra-fast";

export interface TavilySearch {
  query: string;
  /** Default basic: 1 credit; advanced: 2. */
  depth?: TavilyDepth;
  topic?: "general" | "news" | "finance";
  /** 0 to 20, default 5. */
  maxResults?: number;
  /** 1 to 3, with every depth but ultra-fast. */
  chunksPerSource?: number;
  /** Not together with `startDate` or `endDate`. */
  timeRange?: "day" | "week" | "month" | "year";
  /** `YYYY-MM-DD`. */
  startDate?: string;
  endDate?: string;
  answer?: "basic" | "advanced";
  rawContent?: "markdown" | "text";
  /** At most 300. */
  includeDomains?: readonly string[];
  /** At most 150. */
  excludeDomains?: readonly string[];
  /** Full English name; with topic general only. */
  country?: string;
  /** Lets the vendor choose depth and topic: up to 2 credits. */
  autoParameters?: boolean;
  exactMatch?: boolean;
  safeSearch?: boolean;
}

export interface TavilyResult {
  url: string;
  title: string | null;
  /** What fits the query best. */
  snippet: string;
  score: number | null;
  rawContent: string | null;
  /** As the vendor writes it. */
  publishedDate: string | null;
}

export interface TavilyFound {
  /** Untrusted, as is every text of the results. */
  answer: string | null;
  results: TavilyResult[];
  images: { url: string; description: string | null }[];
  cost: TavilyCost;
}

export interface TavilyExtraction {
  /** 1 to 20. */
  urls: readonly string[];
  depth?: "basic" | "advanced";
  format?: "markdown" | "text";
  /** Orders and cuts what is given back. */
  query?: string;
  /** 1 to 5, with a query only. */
  chunksPerSource?: number;
  /** The vendor's own time for a page, 1 to 60. */
  pageTimeoutSecs?: number;
}

export interface TavilyPage {
  url: string;
  title: string | null;
  content: string;
}

export interface TavilyExtracted {
  pages: TavilyPage[];
  /** What the vendor could not read, though its answer is a 200. Not billed. */
  failed: string[];
  cost: TavilyCost;
}

export interface TavilySearches {
  search(search: TavilySearch, signal: AbortSignal): Promise<TavilyFound>;
  extract(extraction: TavilyExtraction, signal: AbortSignal): Promise<TavilyExtracted>;
}

const extractBytes = 64 * 1024 * 1024;

/** https://docs.tavily.com/documentation/api-reference/endpoint/search */
export function createSearches(http: Http): TavilySearches {
  return {
    async search(search, signal) {
      const body = searchBody(search);
      const { data } = await http.request({
        ...policyOf("search"),
        method: "POST",
        path: "/search",
        body,
        schema: SearchReply,
        signal,
      });
      const chooses = search.autoParameters === true;
      return {
        answer: data.answer ?? null,
        results: data.results.map((result) => ({
          url: result.url,
          title: result.title ?? null,
          snippet: result.content ?? "",
          score: result.score ?? null,
          rawContent: result.raw_content ?? null,
          publishedDate: result.published_date ?? null,
        })),
        images: (data.images ?? []).map(({ url, description }) => ({ url, description: description ?? null })),
        cost: costOf(data.usage, { operation: "search", depth: search.depth ?? "basic", chooses }),
      };
    },
    async extract(extraction, signal) {
      const body = extractBody(extraction);
      const request = { ...policyOf("extract"), method: "POST" as const, path: "/extract", body, signal };
      const { data } = await http.request({ ...request, schema: ExtractReply, maxBytes: extractBytes });
      const pages = (data.results ?? []).map(toPage);
      const planned = { operation: "extract" as const, urls: pages.length, depth: extraction.depth ?? "basic" };
      return { pages, failed: (data.failed_results ?? []).map(({ url }) => url), cost: costOf(data.usage, planned) };
    },
  };
}

export function toPage(page: z.output<typeof Page>): TavilyPage {
  return { url: page.url, title: page.title ?? null, content: page.raw_content ?? "" };
}

function searchBody(search: TavilySearch): Record<string, unknown> {
  checkSearch(search);
  return {
    query: search.query,
    search_depth: search.depth,
    topic: search.topic,
    max_results: search.maxResults,
    chunks_per_source: search.chunksPerSource,
    time_range: search.timeRange,
    start_date: search.startDate,
    end_date: search.endDate,
    include_answer: search.answer,
    include_raw_content: search.rawContent,
    include_domains: search.includeDomains,
    exclude_domains: search.excludeDomains,
    country: search.country === undefined ? undefined : readCountry(search.country),
    auto_parameters: search.autoParameters,
    exact_match: search.exactMatch,
    safe_search: search.safeSearch,
    include_usage: true,
  };
}

function checkSearch(search: TavilySearch): void {
  const { query, depth, topic = "general", startDate, endDate } = search;
  if (query.trim() === "") throw refuseInput("The query is empty.", "Write what to search for.");
  checkCount("maxResults", search.maxResults, { least: 0, most: 20 });
  checkCount("chunksPerSource", search.chunksPerSource, { least: 1, most: 3 });
  if (search.chunksPerSource !== undefined && depth === "ultra-fast") {
    throw refuseInput("Depth ultra-fast has no chunks.", "Leave out chunksPerSource, or ask for another depth.");
  }
  checkDay("startDate", startDate);
  checkDay("endDate", endDate);
  if (search.timeRange !== undefined && (startDate ?? endDate) !== undefined) {
    throw refuseInput("timeRange excludes startDate and endDate.", "Give either a range or days.");
  }
  if (startDate !== undefined && endDate !== undefined && startDate > endDate) {
    throw refuseInput("startDate is after endDate.", "Turn the days round.");
  }
  if (search.country !== undefined && topic !== "general") {
    throw refuseInput("country works with topic general only.", "Leave out one of the two.");
  }
  checkDomains("includeDomains", search.includeDomains, 300);
  checkDomains("excludeDomains", search.excludeDomains, 150);
}

function extractBody(extraction: TavilyExtraction): Record<string, unknown> {
  const { urls, query, chunksPerSource, pageTimeoutSecs } = extraction;
  checkCount("The number of urls", urls.length, { least: 1, most: 20 });
  checkCount("chunksPerSource", chunksPerSource, { least: 1, most: 5 });
  checkCount("pageTimeoutSecs", pageTimeoutSecs, { least: 1, most: 60 });
  if (chunksPerSource !== undefined && query === undefined) {
    throw refuseInput("chunksPerSource needs a query.", "Give a query, or leave it out.");
  }
  return {
    urls,
    query,
    chunks_per_source: chunksPerSource,
    extract_depth: extraction.depth,
    format: extraction.format,
    timeout: pageTimeoutSecs,
    include_usage: true,
  };
}
