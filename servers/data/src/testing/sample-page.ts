import type { ExtractedPage } from "../domain/extract-page.ts";

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
