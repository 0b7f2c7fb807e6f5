import type { Http } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import { NewsReply, toArticle, type TwinglyArticle } from "./news-article.ts";
import { policyOf } from "./operations.ts";
import { walkWindows, type Window } from "./walk-windows.ts";
import { refuseInput } from "./xml-reply.ts";

/** At least one of the words, `domains`, `authors`, `url` or `siteId`. A word may be a phrase. */
export interface TwinglyNewsSearch {
  /** All of them, any of them, none of them; 250 in all. */
  all?: readonly string[];
  any?: readonly string[];
  none?: readonly string[];
  /** ISO 3166-1, lower case. */
  countries?: readonly string[];
  /** ISO 639-1. */
  languages?: readonly string[];
  domains?: readonly string[];
  authors?: readonly string[];
  url?: string;
  siteId?: string;
  /** When the vendor got them: wall clock, ms; whole seconds count. */
  since?: number;
  until?: number;
  /** 1 to 250, default 50. */
  size?: number;
  /** Default `newest`. */
  order?: "newest" | "oldest";
  /** The same text on several sites comes once, with the others named in it. Default true. */
  groupIdentical?: boolean;
}

export interface TwinglyNewsResult {
  articles: TwinglyArticle[];
  /** How many match in all, by the vendor's estimate. */
  estimatedTotal: number;
}

export type TwinglyNewsWalk = Required<Pick<TwinglyNewsSearch, "since" | "until">> & Omit<TwinglyNewsSearch, "order">;

export interface TwinglyNews {
  searchNews(search: TwinglyNewsSearch, signal: AbortSignal): Promise<TwinglyNewsResult>;
  /** Every article between two times, oldest first, window after window. `size` (default 250) is that of a window. */
  walkNews(search: TwinglyNewsWalk, signal: AbortSignal): AsyncGenerator<Window<TwinglyArticle>, void, undefined>;
}

const replyBytes = 32 * 1024 * 1024;
const mostArticles = 250;
const mostTerms = 250;

/** The vendor has no public page for it; so it is in public clients of this API. */
export function createNews(http: Http, clock: Clock): TwinglyNews {
  async function searchNews(search: TwinglyNewsSearch, signal: AbortSignal): Promise<TwinglyNewsResult> {
    const body = newsBody(search);
    const request = { ...policyOf("search_news"), method: "POST" as const, path: "/search", body, signal };
    const { data } = await http.request({
      ...request,
      schema: NewsReply,
      keepBigIntegers: true,
      maxBytes: replyBytes,
    });
    const articles = data.documents.map(toArticle);
    return { articles, estimatedTotal: data.number_of_documents_estimated_total ?? articles.length };
  }

  return {
    searchNews,
    async *walkNews({ size = mostArticles, ...search }, signal) {
      yield* walkWindows({
        since: search.since,
        until: search.until,
        size,
        largestSize: mostArticles,
        async read(window) {
          const { articles } = await searchNews({ ...search, ...window, order: "oldest" }, signal);
          // The vendor's total is an estimate: whether there are more is told by whether the page is full.
          return { items: articles, total: articles.length, isIncomplete: false };
        },
        timeOf: ({ receivedAt }) => receivedAt,
        idOf: ({ id }) => id,
        clock,
        signal,
      });
    },
  };
}

function newsBody(search: TwinglyNewsSearch): Record<string, unknown> {
  const { all = [], any = [], none = [], size = 50, since, until, order = "newest" } = search;
  checkSearch(search, [...all, ...any, ...none], size);
  const hasTimes = since !== undefined || until !== undefined;
  return {
    ...listed({ all, any, none }),
    ...listed({ locations: search.countries, languages: search.languages }),
    ...listed({ domains: search.domains, authors: search.authors }),
    url: search.url,
    // Beyond 2^53: only as text does it keep its digits.
    site_id: search.siteId,
    size,
    sort: "timestamp",
    order: order === "oldest" ? "asc" : "desc",
    timestamp: hasTimes ? { since: toSeconds(since), until: toSeconds(until) } : undefined,
    group_identical_documents: search.groupIdentical ?? true,
  };
}

function checkSearch(search: TwinglyNewsSearch, terms: readonly string[], size: number): void {
  const { all = [], any = [], domains = [], authors = [], url, siteId, since, until } = search;
  if (all.length + any.length + domains.length + authors.length === 0 && url === undefined && siteId === undefined) {
    throw refuseInput("The search has no words.", "Give words, domains, authors, a url or a siteId.");
  }
  if (terms.length > mostTerms) throw refuseInput(`A search takes at most ${mostTerms} words.`, "Leave some out.");
  if (terms.some((term) => term.trim() === "")) throw refuseInput("One of the words is empty.", "Leave it out.");
  if (!Number.isInteger(size) || size < 1 || size > mostArticles) {
    throw refuseInput(`size must be a whole number from 1 to ${mostArticles}.`, "Ask for less at once.");
  }
  if (siteId !== undefined && !/^\d{1,20}$/.test(siteId)) {
    throw refuseInput("siteId is no number.", "Give the siteId of an article as it is.");
  }
  if (since !== undefined && until !== undefined && since > until) {
    throw refuseInput("since is after until.", "Turn the times round.");
  }
}

function listed(lists: Readonly<Record<string, readonly string[] | undefined>>): Record<string, readonly string[]> {
  const given = Object.entries(lists).filter(([, list]) => list !== undefined && list.length > 0);
  return Object.fromEntries(given) as Record<string, readonly string[]>;
}

function toSeconds(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
