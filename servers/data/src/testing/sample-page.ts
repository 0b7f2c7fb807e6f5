import type { ExtractedPage } from "../domain/extract-page.ts";
import type { FetchedBody } from "../fetching/page-fetcher.ts";

/** An extracted page for tests of what comes after extraction. */
export function samplePage(text: string, facts: Partial<ExtractedPage> = {}): ExtractedPage {
  return {
    kind: "html",
    title: "A page",
    author: null,
    publishedAt: null,
    language: "en",
    markdown: text,
    text,
    textLength: text.length,
    excerpt: text.slice(0, 100),
    canonicalUrl: null,
    method: "readability",
    truncated: false,
    ...facts,
  };
}

/** What a site answered for a page, without validators. */
export function sampleBody(url: string, body: string, contentType = "text/html"): FetchedBody {
  return {
    url,
    finalUrl: url,
    contentType,
    contentLanguage: undefined,
    body: Buffer.from(body),
    isNotModified: false,
    etag: undefined,
    lastModified: undefined,
    robotsTag: undefined,
    isTdmReserved: false,
  };
}
