import type { ExtractedPage } from "../domain/extract-page.ts";
import type { KeptEntry } from "./entry-store.ts";

/** What a source says of an entry, as the page that stands for it where the page itself cannot be had. */
export function toEntryPage({ title, author, summary, publishedAt }: KeptEntry): ExtractedPage {
  const text = summary === "" ? (title ?? "") : summary;
  return {
    kind: "feed",
    title,
    author,
    publishedAt,
    language: null,
    markdown: text,
    text,
    textLength: text.length,
    excerpt: text.slice(0, 300),
    canonicalUrl: null,
    method: "whole",
    truncated: false,
  };
}
