import type { DocumentSearch } from "../documents/document-search.ts";

export interface WebQuery {
  text: string;
  /** A host; its subdomains count too. */
  site: string | undefined;
  /** Wall-clock milliseconds, inclusive. */
  since: number | undefined;
  until: number | undefined;
  limit: number;
  /** Whose budget it is, where the search costs something. */
  caller: string;
  requestId: string;
}

export interface WebAnswer {
  /** Best first. */
  results: {
    url: string;
    title: string | null;
    snippet: string;
    /** Wall-clock milliseconds. */
    publishedAt: number | null;
    /** 0 to 1. */
    score: number;
    documentId: string | null;
    /** When it was read, wall-clock milliseconds. */
    readAt: number;
  }[];
  scope: "web" | "own_documents";
  note: string | null;
  /** As DESIGN 2 names it. */
  service: string;
  mode: "live" | "local" | "simulated";
  costUsd: number;
}

/** Search of the web: a vendor's where there is an account, else of what was read before. */
export interface WebSearch {
  search(query: WebQuery, signal: AbortSignal): Promise<WebAnswer>;
}

/** What stands in for a search service: the own store, which says that it is no more than that. */
export function createOwnWebSearch(options: { search: DocumentSearch }): WebSearch {
  return {
    async search({ text, site, since, until, limit }, signal) {
      const answer = await options.search.search(text, { site, since, until }, { offset: 0, limit, signal });
      const notes = [
        "No search service is set up, so only documents that were read before were searched.",
        "Read more with fetch_page, crawl_site or fetch_feed.",
        answer.note,
      ];
      return {
        results: answer.hits.map(({ document, score, snippet }) => ({
          url: document.final_url,
          title: document.title,
          snippet,
          publishedAt: document.published_at,
          score,
          documentId: document.id,
          readAt: document.checked_at,
        })),
        scope: "own_documents",
        note: notes.filter(Boolean).join(" "),
        service: "tavily",
        mode: "local",
        costUsd: 0,
      };
    },
  };
}
