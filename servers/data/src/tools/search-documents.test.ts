import { expect, test } from "vitest";
import type { DocumentSearch, SearchAnswer } from "../documents/document-search.ts";
import { sampleDocument, sampleId } from "../testing/sample-document.ts";
import { toolContext } from "../testing/tool-context.ts";
import { searchDocuments } from "./search-documents.ts";

const hit = { document: sampleDocument(), score: 0.98765, matchedBy: ["words" as const], snippet: "…some text…" };

function services(answer: Partial<SearchAnswer>, calls: unknown[] = []) {
  const search: DocumentSearch = {
    async search(query, filter, { offset, limit }) {
      calls.push({ query, filter, offset, limit });
      return { hits: [], total: 0, notEmbedded: 0, note: undefined, ...answer };
    },
  };
  const groupsOf = async (ids: readonly string[]) => new Map(ids.map((id) => [id, { groupId: "g", others: 1 }]));
  return { search, duplicates: { groupsOf }, storeMode: "local" as const };
}

const run = (input: object, given = services({})) =>
  searchDocuments.run(searchDocuments.input.parse(input), toolContext(given));

test("returns what was found, with its origin and where to go on", async () => {
  const output = searchDocuments.output.parse(
    await run({ query: "text", limit: 1 }, services({ hits: [hit], total: 3 })),
  );
  expect(output).toMatchInlineSnapshot(
    { nextCursor: expect.any(String) },
    `
    {
      "nextCursor": Any<String>,
      "notEmbedded": 0,
      "note": null,
      "results": [
        {
          "author": "Jo Bloggs",
          "checkedAt": "2026-11-22T00:00:00.000Z",
          "copies": 1,
          "documentId": "0b0e4a3e-1111-4222-8333-444455556666",
          "fetchedAt": "2026-11-21T00:00:00.000Z",
          "language": "en",
          "matchedBy": [
            "words",
          ],
          "provenance": {
            "length": 10,
            "source": "direct",
            "version": 1,
          },
          "publishedAt": "2026-11-20T00:00:00.000Z",
          "score": 0.9877,
          "site": "example.com",
          "snippet": "…some text…",
          "title": "A title",
          "url": "https://example.com/a",
        },
      ],
      "source": {
        "costUsd": 0,
        "mode": "local",
        "service": "postgresql",
      },
      "total": 3,
      "untrusted": true,
    }
  `,
  );
  const text = searchDocuments.render?.(output) ?? "";
  expect(text).toContain(`<<<UNTRUSTED ${sampleId}\nA title`);
});

test("nothing found, and what is not searchable by meaning yet, are said", async () => {
  const output = searchDocuments.output.parse(
    await run({ query: "x" }, services({ notEmbedded: 2, note: "By words only." })),
  );
  expect(searchDocuments.render?.(output)).toBe(
    "No document matches. By words only. 2 documents can be found by words only yet.",
  );
  expect(searchDocuments.render?.({ ...output, notEmbedded: 1 })).toMatch(
    / 1 document can be found by words only yet\.$/,
  );
});

test("a page leads on within the same question only; filters are read once", async () => {
  const calls: unknown[] = [];
  const given = services({ hits: [hit], total: 30 }, calls);
  const question = {
    query: "text",
    site: " Example.COM ",
    language: "EN",
    since: "2026-11-01",
    until: "2026-11-02",
    limit: 5,
  };
  const { nextCursor } = await run(question, given);
  await run({ ...question, cursor: nextCursor }, given);
  await expect(run({ ...question, query: "other", cursor: nextCursor }, given)).rejects.toMatchObject({
    kind: "invalid_input",
  });
  const filter = {
    site: "example.com",
    language: "en",
    since: Date.UTC(2026, 10, 1),
    until: Date.UTC(2026, 10, 3) - 1,
  };
  expect(calls).toEqual([
    { query: "text", filter, offset: 0, limit: 5 },
    { query: "text", filter, offset: 5, limit: 5 },
  ]);
});

test.each([{ query: "?!" }, { query: "x", since: "soon" }, { query: "x", cursor: "AAAA" }])(
  "%j is refused",
  async (input) => {
    await expect(run(input)).rejects.toMatchObject({ kind: "invalid_input", hint: expect.any(String) });
  },
);

test("of documents that are one the best stands for all, and says how many there are", async () => {
  const copy = { ...hit, document: sampleDocument({ id: "copy" }), score: 0.9 };
  const { results } = await run({ query: "text" }, services({ hits: [hit, copy], total: 2 }));
  expect(results.map(({ documentId, copies }) => [documentId, copies])).toEqual([[sampleId, 1]]);
});
