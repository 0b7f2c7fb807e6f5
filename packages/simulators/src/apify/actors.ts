import { z } from "zod";
import { type CorpusDocument, documents, searchCorpus } from "../web-corpus/corpus.ts";

export type Item = Record<string, unknown>;

export type ActorPricing =
  | { pricingModel: "FREE" }
  | { pricingModel: "PRICE_PER_DATASET_ITEM"; unitName: string; pricePerUnitUsd: number }
  | {
      pricingModel: "PAY_PER_EVENT";
      pricingPerEvent: { actorChargeEvents: Record<string, ChargeEvent> };
      minimalMaxTotalChargeUsd: number;
    };

interface ChargeEvent {
  eventTitle: string;
  eventDescription: string;
  eventPriceUsd: number;
  isPrimaryEvent?: boolean;
  isOneTimeEvent?: boolean;
}

/** A stand-in for a well-known Actor: its input's shape and what it finds in the corpus. */
export interface SimulatedActor {
  id: string;
  username: string;
  name: string;
  title: string;
  description: string;
  categories: string[];
  memoryMbytes: number;
  pricing: ActorPricing;
  input: z.ZodType<Record<string, unknown>>;
  /** Items in the order in which they are found. */
  run(input: Record<string, unknown>): Item[];
}

const Sites = z.object({ startUrls: z.array(z.object({ url: z.url() })).min(1), maxCrawlPages: z.number().optional() });
const ScraperInput = Sites.extend({ pageFunction: z.string().min(1), maxPagesPerCrawl: z.number().optional() });
const SearchInput = z.object({
  queries: z.string().min(1),
  resultsPerPage: z.number().int().min(1).max(100).optional(),
  maxPagesPerQuery: z.number().int().min(1).optional(),
});
const BrowserInput = z.object({ query: z.string().min(1), maxResults: z.number().int().min(1).max(100).optional() });
const ArchiveInput = z.object({ search: z.string().optional(), maxItems: z.number().int().min(1).optional() });

/** https://apify.com/store; prices are made up, their models are not. */
export const simulatedActors: readonly SimulatedActor[] = [
  {
    id: "aYG0l9s7dbB7j3gbS",
    username: "apify",
    name: "website-content-crawler",
    title: "Website Content Crawler (simulated)",
    description: "Crawls a website and keeps the text of its pages.",
    categories: ["AI", "DEVELOPER_TOOLS"],
    memoryMbytes: 4_096,
    pricing: { pricingModel: "FREE" },
    input: z.looseObject(Sites.shape),
    run(input) {
      const { startUrls, maxCrawlPages } = Sites.parse(input);
      return pagesOf(startUrls).slice(0, maxCrawlPages).map(describePage);
    },
  },
  {
    id: "nFJndFXA5zjCTuudP",
    username: "apify",
    name: "google-search-scraper",
    title: "Google Search Results Scraper (simulated)",
    description: "Finds pages for queries, one item for each page of results.",
    categories: ["SEO_TOOLS"],
    memoryMbytes: 1_024,
    pricing: {
      pricingModel: "PAY_PER_EVENT",
      minimalMaxTotalChargeUsd: 0.01,
      pricingPerEvent: {
        actorChargeEvents: {
          "actor-start": {
            eventTitle: "Actor start",
            eventDescription: "Charged once for each run.",
            eventPriceUsd: 0.001,
            isOneTimeEvent: true,
          },
          "search-page": {
            eventTitle: "Page of results",
            eventDescription: "Charged for each page of results.",
            eventPriceUsd: 0.0045,
            isPrimaryEvent: true,
          },
        },
      },
    },
    input: z.looseObject(SearchInput.shape),
    run(input) {
      const { queries, resultsPerPage = 10 } = SearchInput.parse(input);
      const terms = queries.split("\n").filter((term) => term.trim() !== "");
      return terms.map((term) => describeSearch(term, resultsPerPage));
    },
  },
  {
    id: "moJRLRc85AitArpNN",
    username: "apify",
    name: "web-scraper",
    title: "Web Scraper (simulated)",
    description: "Runs a page function on each page.",
    categories: ["DEVELOPER_TOOLS"],
    memoryMbytes: 2_048,
    pricing: { pricingModel: "FREE" },
    input: z.looseObject(ScraperInput.shape),
    run(input) {
      const { startUrls, maxPagesPerCrawl } = ScraperInput.parse(input);
      const pages = pagesOf(startUrls).slice(0, maxPagesPerCrawl);
      return pages.map(({ url, title }) => ({ url, title, "#error": false, "#debug": { statusCode: 200 } }));
    },
  },
  {
    id: "3ox4R101TgZz67sLr",
    username: "apify",
    name: "rag-web-browser",
    title: "RAG Web Browser (simulated)",
    description: "Searches the web and gives the text of the best pages.",
    categories: ["AI"],
    memoryMbytes: 4_096,
    pricing: { pricingModel: "FREE" },
    input: z.looseObject(BrowserInput.shape),
    run(input) {
      const { query, maxResults = 3 } = BrowserInput.parse(input);
      const found = searchCorpus(query, { limit: maxResults });
      return found.map((page) => ({
        ...describePage(page),
        query,
        searchResult: { title: page.title, url: page.url },
      }));
    },
  },
  {
    id: "pR3sSaRcH1v3S1mUl",
    username: "simulated",
    name: "press-archive",
    title: "Press Archive (simulated)",
    description: "Articles with their 64-bit numbers, paid by the item.",
    categories: ["NEWS"],
    memoryMbytes: 512,
    pricing: { pricingModel: "PRICE_PER_DATASET_ITEM", unitName: "article", pricePerUnitUsd: 0.002 },
    input: z.looseObject(ArchiveInput.shape),
    run(input) {
      const { search, maxItems } = ArchiveInput.parse(input);
      const found = search === undefined ? documents : searchCorpus(search, { limit: documents.length });
      return found.slice(0, maxItems).map(({ articleId, url, title, text, author, language, publishedAt }) => {
        const published = new Date(publishedAt).toISOString();
        return { articleId, url, title, text, author, language, publishedAt: published, "#hash": "hidden", note: "" };
      });
    },
  },
];

/** By id, `username~name`, or `~name` of the own account. */
export function findActor(name: string): SimulatedActor | undefined {
  return simulatedActors.find((actor) => actor.id === name || `${actor.username}~${actor.name}` === name);
}

function pagesOf(startUrls: readonly { url: string }[]): CorpusDocument[] {
  const wanted = startUrls.map(({ url }) => new URL(url));
  return documents.filter(({ url }) => {
    const page = new URL(url);
    return wanted.some(({ hostname, pathname }) => page.hostname === hostname && page.pathname.startsWith(pathname));
  });
}

function describePage({ url, title, text, author, language, publishedAt }: CorpusDocument): Item {
  return {
    url,
    crawl: { loadedUrl: url, loadedTime: new Date(publishedAt).toISOString(), depth: 0, httpStatusCode: 200 },
    metadata: { canonicalUrl: url, title, author, languageCode: language },
    text,
    markdown: `# ${title}\n\n${text}`,
  };
}

function describeSearch(term: string, limit: number): Item {
  const found = searchCorpus(term, { limit });
  const organicResults = found.map(({ title, url, text }, index) => ({
    title,
    url,
    description: text.slice(0, 160),
    position: index + 1,
    type: "organic",
  }));
  return { searchQuery: { term, page: 1, resultsPerPage: limit }, resultsTotal: found.length, organicResults };
}
