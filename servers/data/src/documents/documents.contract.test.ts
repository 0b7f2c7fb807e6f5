import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import type { Embedder } from "@sophia/core/embed/embedder";
import type { Engine, Store } from "@sophia/core/store/store";
import { type StoreEngine, silentLog, startEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { samplePage } from "../testing/sample-page.ts";
import { createDocumentSearch } from "./document-search.ts";
import { createDocumentStore } from "./document-store.ts";
import { dataMigrations } from "./migrations.ts";
import { createPassageVectors } from "./passage-vectors.ts";
import type { DataTables } from "./tables.ts";

const { signal } = new AbortController();
const all = { offset: 0, limit: 10, signal };

describe.each<Engine>(["sqlite", "postgres"])("documents on %s", (engine) => {
  let engines: StoreEngine | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
  });
  afterAll(() => engines?.stop());

  function library(store: Store<DataTables>, embedder: Embedder = createLexicalEmbedder()) {
    const clock = createVirtualClock();
    const vectors = createPassageVectors({ store, embedder, createGraph: undefined });
    const documents = createDocumentStore({ store, clock });
    const search = createDocumentSearch({ store, vectors, log: silentLog });
    const save = (url: string, text: string, facts = {}) =>
      documents.save(samplePage(text, facts), { url, finalUrl: url, source: "direct" });
    const count = async (table: "data_documents" | "data_chunks" | "data_vectors" | "data_chunk_words") => {
      const row = await store.db
        .selectFrom(table)
        .select((e) => e.fn.countAll<number>().as("n"))
        .executeTakeFirst();
      return Number(row?.n);
    };
    return { clock, vectors, documents, search, save, count };
  }

  const withLibrary =
    (work: (library_: ReturnType<typeof library>, store: Store<DataTables>) => Promise<void>) =>
    async ({ skip }: { skip(condition: boolean, note: string): void }) => {
      skip(!engines, `no ${engine} on this machine`);
      if (!engines) return;
      const store = await engines.open<DataTables>(await engines.createPlace(), [dataMigrations]);
      await work(library(store), store);
    };

  test(
    "equal content is kept once with the new time, other content becomes a version, and only the newest is searched",
    withLibrary(async ({ clock, documents, save, search, count }) => {
      const first = await save("https://example.com/a?utm_source=x", "The old bridge was closed.");
      expect(first).toMatchObject({ state: "new", version: 1, fetchedAt: clock.now() });
      await clock.advance(60_000);
      const again = await save("https://example.com/a", "The old bridge was closed.");
      expect(again).toEqual({ ...first, state: "unchanged", checkedAt: first.checkedAt + 60_000 });
      const changed = await save("https://example.com/a", "A ferry runs instead.");
      expect(changed).toMatchObject({ state: "changed", version: 2 });
      expect(await count("data_documents")).toBe(2);
      expect((await documents.versions(changed.id)).map((row) => row.version)).toEqual([1, 2]);
      expect((await documents.get(first.id))?.markdown).toBe("The old bridge was closed.");
      expect((await search.search("bridge", {}, all)).hits).toEqual([]);
      expect((await search.search("ferry", {}, all)).hits[0]?.document.id).toBe(changed.id);
      expect((await save("https://example.com/a", "The old bridge was closed.")).version).toBe(3);
    }),
  );

  test(
    "words are found in any case, with accents or without, by stem, and in scripts without spaces",
    withLibrary(async ({ save, search }) => {
      await save("https://example.com/1", "La crème brûlée était parfaite.", { language: "fr" });
      await save("https://example.com/2", "東京都の天気は晴れです。", { language: "ja" });
      await save("https://example.com/3", "Several rivers flooded their banks.");
      const found = async (query: string) => (await search.search(query, {}, all)).hits.map((hit) => hit.document.url);
      expect(await found("CREME brulee")).toEqual(["https://example.com/1"]);
      expect(await found("東京の天気")).toEqual(["https://example.com/2"]);
      expect((await found("flooding river"))[0]).toBe("https://example.com/3");
      expect(await found("zzz unheard-of")).toEqual([]);
    }),
  );

  test(
    "query syntax of either engine is only text",
    withLibrary(async ({ save, search }) => {
      await save("https://example.com/1", "It said: quote OR near, and not this.");
      for (const query of [
        `"`,
        `quote" OR 1`,
        "NEAR(quote near)",
        "a:b & c | !d <-> e",
        "col : x*",
        "'; drop table data_documents; --",
        "%_\\",
      ]) {
        await expect(search.search(query, {}, all)).resolves.toBeDefined();
      }
      expect((await search.search(`quote" OR (`, {}, all)).total).toBe(1);
    }),
  );

  test(
    "a title counts more than a passage, and both ways together more than one",
    withLibrary(async ({ save, search, vectors }) => {
      await save("https://example.com/1", "A text that mentions geothermal once among many other things.");
      await save("https://example.com/2", "Heat of the earth, and how it is used.", { title: "Geothermal energy" });
      await vectors.embedMissing(100, { signal });
      const { hits } = await search.search("geothermal", {}, all);
      expect(hits.map((hit) => hit.document.url)[0]).toBe("https://example.com/2");
      expect(hits[0]?.matchedBy).toEqual(["words", "meaning"]);
      expect(hits[0]?.score).toBeLessThanOrEqual(1);
    }),
  );

  test(
    "what has no vector yet is found by words and counted; a change of model makes all anew",
    withLibrary(async ({ save, search, vectors, count }, store) => {
      await save("https://example.com/1", "Glaciers retreat in the Alps.");
      await save("https://example.com/2", "Bakers rise at three.");
      expect(await search.search("glacier", {}, all)).toMatchObject({ notEmbedded: 2, total: 1 });
      expect(await vectors.embedMissing(100, { signal })).toBe(2);
      expect(await search.search("glacier", {}, all)).toMatchObject({ notEmbedded: 0 });
      const other = library(store, createLexicalEmbedder({ dimension: 256 }));
      expect(await other.search.search("glaciers", {}, all)).toMatchObject({ notEmbedded: 2, total: 1 });
      expect(await other.vectors.embedMissing(100, { signal })).toBe(2);
      expect(await count("data_vectors")).toBe(2);
      const { hits } = await other.search.search("glaciers", {}, all);
      expect(hits[0]).toMatchObject({ matchedBy: ["words", "meaning"] });
    }),
  );

  test(
    "vectors of another process are seen at the next search",
    withLibrary(async ({ save, search, vectors }, store) => {
      await save("https://example.com/1", "Glaciers retreat in the Alps.");
      await vectors.embedMissing(100, { signal });
      await search.search("glaciers", {}, all);
      const other = library(store);
      await other.save("https://example.com/2", "Glaciers of the Andes.");
      await other.vectors.embedMissing(100, { signal });
      const { hits } = await search.search("glaciers", {}, all);
      expect(hits.map((hit) => hit.matchedBy)).toEqual([
        ["words", "meaning"],
        ["words", "meaning"],
      ]);
    }),
  );

  test(
    "filters hold for words and for meaning; pages do not overlap",
    withLibrary(async ({ save, search, vectors, documents, clock }) => {
      const day = (n: number) => Date.UTC(2026, 0, n);
      for (let n = 1; n <= 6; n += 1) {
        const site = n % 2 === 0 ? "https://news.example.com" : "https://other.test";
        await save(`${site}/${n}`, `Harvest report number ${n} of the valley.`, {
          publishedAt: day(n),
          language: n > 4 ? "de" : "en",
        });
        await clock.advance(1_000);
      }
      await vectors.embedMissing(100, { signal });
      const urls = async (filter: object) =>
        (await search.search("harvest report", filter, all)).hits.map((hit) => hit.document.url).toSorted();
      expect(await urls({ site: "example.com" })).toEqual([2, 4, 6].map((n) => `https://news.example.com/${n}`));
      expect(await urls({ site: "xample.com" })).toEqual([]);
      expect(await urls({ language: "DE" })).toEqual(["https://news.example.com/6", "https://other.test/5"]);
      expect(await urls({ since: day(3), until: day(4) })).toEqual([
        "https://news.example.com/4",
        "https://other.test/3",
      ]);
      const first = await search.search("harvest report", {}, { offset: 0, limit: 4, signal });
      const second = await search.search("harvest report", {}, { offset: 4, limit: 4, signal });
      expect(new Set([...first.hits, ...second.hits].map((hit) => hit.document.id)).size).toBe(6);
      expect(first.total).toBe(6);
      const listed = await documents.list({}, 4);
      const last = listed.at(-1);
      const rest = await documents.list({}, 4, { checkedAt: last?.checked_at ?? 0, id: last?.id ?? "" });
      expect([...listed, ...rest].map((row) => row.url.at(-1))).toEqual(["6", "5", "4", "3", "2", "1"]);
    }),
  );

  test(
    "a deleted page leaves nothing behind: no passage, word or vector",
    withLibrary(async ({ save, documents, search, vectors, count }) => {
      await save("https://example.com/1", "First text about otters.");
      const second = await save("https://example.com/1", "Second text about otters.");
      await vectors.embedMissing(100, { signal });
      await search.search("otters", {}, all);
      expect(await documents.remove(second.id)).toBe(2);
      for (const table of ["data_documents", "data_chunks", "data_vectors", "data_chunk_words"] as const) {
        expect(await count(table)).toBe(0);
      }
      expect(await search.search("otters", {}, all)).toMatchObject({ total: 0 });
      expect(await documents.remove(second.id)).toBe(0);
    }),
  );

  test(
    "two that save the same page at once make one document",
    withLibrary(async ({ save, count }) => {
      const saved = await Promise.all(Array.from({ length: 4 }, () => save("https://example.com/1", "Same text.")));
      expect(new Set(saved.map((one) => one.id)).size).toBe(1);
      expect(await count("data_documents")).toBe(1);
    }),
  );

  test(
    "a long page is kept whole, with every passage",
    withLibrary(async ({ save, documents, search, count }) => {
      const text = Array.from(
        { length: 3_000 },
        (_, n) => `Paragraph ${n} speaks of item number ${n} at some length.`,
      ).join("\n\n");
      const { id } = await save("https://example.com/long", text);
      expect((await documents.get(id))?.markdown).toBe(text);
      expect(await count("data_chunks")).toBe(await count("data_chunk_words"));
      const { hits } = await search.search("2999", {}, all);
      expect(hits[0]?.snippet).toContain("2999");
    }),
  );

  test(
    "a page without text is found by its title",
    withLibrary(async ({ save, search }) => {
      await save("https://example.com/app", "", { title: "Dashboard of turbines" });
      expect((await search.search("turbines", {}, all)).total).toBe(1);
    }),
  );

  test(
    "when meaning fails, words answer and say so",
    withLibrary(async ({ save }, store) => {
      await save("https://example.com/1", "Otters swim.");
      const broken: Embedder = {
        ...createLexicalEmbedder(),
        embed: () => Promise.reject(new Error("the model is gone")),
      };
      const answer = await library(store, broken).search.search("otters", {}, all);
      expect(answer).toMatchObject({ total: 1, note: expect.stringContaining("words only") });
    }),
  );
});
