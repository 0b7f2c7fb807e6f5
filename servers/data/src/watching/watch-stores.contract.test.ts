import type { Engine, Store } from "@sophia/core/store/store";
import { type StoreEngine, startEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDocumentStore } from "../documents/document-store.ts";
import { dataMigrations } from "../documents/migrations.ts";
import type { DataTables } from "../documents/tables.ts";
import { samplePage } from "../testing/sample-page.ts";
import { createEntryStore, type FoundEntry } from "./entry-store.ts";
import { watchingMigrations } from "./migrations.ts";
import { createWatchStore } from "./watch-store.ts";
import type { WatchTables } from "./watch-tables.ts";

const feed = "https://example.com/feed";
const entry = (id: string, publishedAt: number | null, contentHash = "1"): FoundEntry => ({
  id,
  contentHash,
  publishedAt,
  url: `https://example.com/${id}`,
  title: `Title ${id}`,
  author: null,
  summary: "Words.",
});

describe.each<Engine>(["sqlite", "postgres"])("watches on %s", (engine) => {
  let engines: StoreEngine | undefined;
  let store: Store<WatchTables> | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
    if (engines) store = await engines.open(await engines.createPlace(), [dataMigrations, watchingMigrations]);
  });
  afterAll(() => engines?.stop());

  function stores() {
    if (!store) throw new Error("no store");
    const clock = createVirtualClock();
    const documents = createDocumentStore({ store: store as unknown as Store<DataTables>, clock });
    return {
      watches: createWatchStore({ store, clock }),
      entries: createEntryStore({ store, clock }),
      documents,
      clock,
    };
  }

  test("entries are given once to each reader, in order, and again when they changed", async ({ skip }) => {
    skip(!store, `no ${engine} on this machine`);
    const { watches, entries } = stores();
    await watches.join({ id: "w1", topic: null, every: "1h", urls: [feed] }, "a");
    await watches.join({ id: "w1", topic: null, every: "1h", urls: [feed] }, "b");
    expect(await entries.record("w1", feed, [entry("new", 3), entry("old", 1), entry("undated", null)])).toBe(3);
    expect(await entries.record("w1", feed, [entry("new", 3), entry("old", 1)])).toBe(0);
    const first = await entries.take("w1", "a", { limit: 2 });
    expect(first.entries.map(({ title }) => title)).toEqual(["Title undated", "Title old"]);
    expect(first.waiting).toBe(1);
    expect((await watches.listOf("a"))[0]).toMatchObject({ unread: 1, sources: [{ url: feed }] });
    expect((await entries.take("w1", "a", { limit: 9 })).entries.map(({ title }) => title)).toEqual(["Title new"]);
    expect((await entries.take("w1", "a", { limit: 9 })).entries).toEqual([]);
    expect((await entries.take("w1", "a", { limit: 9, again: true })).entries).toHaveLength(1);
    expect((await entries.take("w1", "a", { limit: 9, after: 0 })).entries).toHaveLength(3);
    expect((await watches.listOf("b"))[0]).toMatchObject({ unread: 3 });
    await entries.record("w1", feed, [entry("new", 3), entry("old", 1, "2")]);
    expect((await entries.take("w1", "a", { limit: 9 })).entries).toMatchObject([
      { title: "Title old", state: "changed" },
    ]);
    // Two checks at once take turns, and neither finds twice.
    const both = await Promise.all([1, 2].map(() => entries.record("w1", feed, [entry("x", 5), entry("y", 6)])));
    expect(both.toSorted((left, right) => left - right)).toEqual([0, 2]);
  });

  test("erasing a document takes the entry's words, and the entry is not found anew", async ({ skip }) => {
    skip(!store, `no ${engine} on this machine`);
    const { watches, entries, documents } = stores();
    await watches.join({ id: "w2", topic: "x", every: "1d", urls: [feed] }, "a");
    await entries.record("w2", feed, [entry("p", 1), entry("q", 2)]);
    const waiting = await entries.listUnstored("w2", 10);
    expect(waiting.map(({ title }) => title)).toEqual(["Title q", "Title p"]);
    const where = { url: "https://example.com/q", finalUrl: "https://example.com/q", source: "direct" };
    const { id } = await documents.save(samplePage("Q."), where);
    const [kept] = waiting;
    await entries.noteStored("w2", kept?.key ?? "", id);
    expect((await entries.take("w2", "a", { limit: 9 })).entries[1]).toMatchObject({ documentId: id });
    await documents.remove(id);
    await entries.tidy("w2");
    expect((await entries.take("w2", "a", { limit: 9, after: 0 })).entries.map(({ title }) => title)).toEqual([
      "Title p",
    ]);
    const bodies = await store?.db.selectFrom("data_watch_entries").select("body").where("is_stored", "=", 1).execute();
    expect(bodies).toEqual([{ body: "{}" }]);
    expect(await entries.record("w2", feed, [entry("q", 2)])).toBe(0);
    for (const _try of [1, 2, 3]) await entries.noteTry("w2", waiting[1]?.key ?? "");
    expect(await entries.listUnstored("w2", 10)).toEqual([]);
  });

  test("a watch is its readers': others do not see it, and the last one takes it away", async ({ skip }) => {
    skip(!store, `no ${engine} on this machine`);
    const { watches, entries, clock } = stores();
    const request = { id: "w3", topic: null, every: "1h", urls: [feed, "https://example.org/"] };
    for (const caller of ["c", "d"]) await watches.join(request, caller);
    await expect(watches.findOf("w3", "e")).rejects.toMatchObject({ kind: "not_found" });
    expect(await watches.listOf("e")).toEqual([]);
    await watches.noteSource("w3", feed, { kind: "feed", etag: '"1"', feed_url: feed });
    await watches.noteCheck("w3", 0.25);
    expect(await watches.findOf("w3", "c")).toMatchObject({
      checked_at: clock.now(),
      cost_usd: 0.25,
      sources: [{ etag: '"1"' }, { url: "https://example.org/", kind: null }],
    });
    await entries.record("w3", feed, [entry("z", 1)]);
    expect(await watches.leave("w3", "c")).toBe(false);
    expect(await watches.leave("w3", "d")).toBe(true);
    expect(await watches.find("w3")).toBeUndefined();
    expect(await entries.record("w3", feed, [entry("z", 1)])).toBe(0);
  });

  test("a caller has so many watches, and no more", async ({ skip }) => {
    skip(!store, `no ${engine} on this machine`);
    const { watches } = stores();
    const join = (number: number) =>
      watches.join({ id: `many${number}`, topic: "x", every: "1d", urls: [""] }, "greedy");
    await join(0);
    const ids = Array.from({ length: 49 }, (_, number) => `many${number + 1}`);
    const facts = { topic: "x", every: "1d", created_at: 1, checked_at: null, last_sequence: 0, cost_usd: 0 };
    const place = { caller: "greedy", sequence: 0, previous_sequence: 0 };
    await store?.db
      .insertInto("data_watches")
      .values(ids.map((id) => ({ id, ...facts })))
      .execute();
    await store?.db
      .insertInto("data_watch_readers")
      .values(ids.map((id) => ({ watch_id: id, ...place })))
      .execute();
    await expect(join(50)).rejects.toMatchObject({ kind: "rate_limited" });
  });
});
