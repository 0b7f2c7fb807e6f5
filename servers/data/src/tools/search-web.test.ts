import { expect, test } from "vitest";
import type { SearchAnswer } from "../documents/document-search.ts";
import { createOwnWebSearch } from "../fetching/web-search.ts";
import { sampleDocument, sampleId } from "../testing/sample-document.ts";
import { toolContext } from "../testing/tool-context.ts";
import { searchWeb } from "./search-web.ts";

const hit = { document: sampleDocument(), score: 0.98765, matchedBy: ["words" as const], snippet: "…some text…" };

function setUp(answer: Partial<SearchAnswer> = {}) {
  const calls: unknown[] = [];
  const webSearch = createOwnWebSearch({
    search: {
      async search(query, filter, { offset, limit }) {
        calls.push({ query, filter, offset, limit });
        return { hits: [hit], total: 1, notEmbedded: 0, note: undefined, ...answer };
      },
    },
  });
  const run = async (input: object) =>
    searchWeb.output.parse(await searchWeb.run(searchWeb.input.parse(input), toolContext({ webSearch })));
  return { run, calls };
}

test("without a search service it searches what was read before, and says so", async () => {
  const { run } = setUp({ note: "By words only." });
  const output = await run({ query: "text" });
  expect(output).toMatchObject({
    results: [{ documentId: sampleId, url: "https://example.com/a", score: 0.9877, snippet: "…some text…" }],
    scope: "own_documents",
    untrusted: true,
    source: { service: "tavily", mode: "local", costUsd: 0 },
  });
  expect(output.note).toMatch(/No search service is set up.*By words only\./);
  const text = searchWeb.render?.(output);
  expect(text).toContain("1 found among the documents read before. No search service is set up");
  expect(text).toContain(`<<<UNTRUSTED ${sampleId}`);
});

test("hands on what narrows the search, and refuses a query without a word", async () => {
  const { run, calls } = setUp({ hits: [] });
  await run({ query: "text", site: " Example.com", since: "2026-11-01", until: "2026-11-02", limit: 3 });
  const filter = { site: "example.com", since: Date.UTC(2026, 10, 1), until: Date.UTC(2026, 10, 3) - 1 };
  expect(calls).toEqual([{ query: "text", filter, offset: 0, limit: 3 }]);
  await expect(run({ query: "?!" })).rejects.toMatchObject({ kind: "invalid_input" });
});
