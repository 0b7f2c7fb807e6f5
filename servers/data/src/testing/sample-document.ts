import type { DocumentsTable } from "../documents/tables.ts";

export const sampleId = "0b0e4a3e-1111-4222-8333-444455556666";

/** A stored row for tests of the tools. */
export function sampleDocument(facts: Partial<DocumentsTable> = {}): DocumentsTable {
  return {
    id: sampleId,
    url_key: "https://example.com/a",
    version: 1,
    is_current: 1,
    url: "https://example.com/a",
    final_url: "https://example.com/a",
    canonical_url: null,
    site: "example.com",
    title: "A title",
    author: "Jo Bloggs",
    published_at: Date.UTC(2026, 10, 20),
    fetched_at: Date.UTC(2026, 10, 21),
    checked_at: Date.UTC(2026, 10, 22),
    language: "en",
    kind: "html",
    markdown: "Some text.",
    text_length: 10,
    excerpt: "Some text.",
    content_hash: "00",
    source: "direct",
    ...facts,
  };
}
