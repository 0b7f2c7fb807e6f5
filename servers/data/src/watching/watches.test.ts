import { AppError } from "@sophia/core/errors/app-error";
import type { JobHandler, Schedule } from "@sophia/core/jobs/jobs";
import type { Store } from "@sophia/core/store/store";
import { startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDocumentStore } from "../documents/document-store.ts";
import { dataMigrations } from "../documents/migrations.ts";
import type { DataTables } from "../documents/tables.ts";
import type { FeedEntry } from "../feeds/parse-feed.ts";
import { samplePage } from "../testing/sample-page.ts";
import { createEntryStore } from "./entry-store.ts";
import { watchingMigrations } from "./migrations.ts";
import type { TopicNews } from "./topic-news.ts";
import { createWatches } from "./watches.ts";
import { createWatchStore } from "./watch-store.ts";
import type { WatchTables } from "./watch-tables.ts";

const { signal } = new AbortController();
const blog = "https://example.com/blog";
const at = (id: string): string => `https://example.com/${id}`;
const entry = (id: string, title = `About ${id}`): FeedEntry => ({
  id,
  url: at(id),
  title,
  author: null,
  publishedAt: null,
  summary: "",
});

let engine: StoreEngine;
beforeEach(async () => {
  engine = (await startEngine("sqlite")) as StoreEngine;
});
afterEach(() => engine.stop());

async function setUp(news?: TopicNews) {
  const store = await engine.open<WatchTables>(await engine.createPlace(), [dataMigrations, watchingMigrations]);
  const clock = createVirtualClock();
  const feeds = new Map<string, FeedEntry[]>();
  const broken = new Map<string, AppError>();
  const asked: unknown[] = [];
  const saved: { url: string; source: string }[] = [];
  const schedules = new Map<string, Schedule>();
  const queued: unknown[] = [];
  const handlers: JobHandler<{ watchId: string }>[] = [];
  const documents = createDocumentStore({ store: store as unknown as Store<DataTables>, clock });
  const save = async (url: string, source: string) => {
    saved.push({ url, source });
    return await documents.save(samplePage(`Text ${saved.length}.`), { url, finalUrl: url, source });
  };
  const watches = createWatches({
    feeds: {
      async readChanged(url, _signal, known) {
        asked.push(known);
        const error = broken.get(url);
        if (error) throw error;
        const entries = feeds.get(url);
        if (!entries) throw new AppError("not_found", "No feed.");
        const conditions = { etag: '"1"', lastModified: null, finalUrl: `${url}/feed` };
        const facts = { format: "rss" as const, title: null, isNotModified: false, readAt: 1, conditions };
        return known && entries.length === 0 ? undefined : { ...facts, entries, feedUrl: `${url}/feed` };
      },
    },
    pages: {
      async read(url) {
        const error = broken.get(url);
        if (error) throw error;
        return { page: samplePage("A page of text."), saved: await save(url, "direct"), url, finalUrl: url, links: [] };
      },
    },
    documents: { save: (_page, { url, source }) => save(url, source) },
    watches: createWatchStore({ store, clock }),
    entries: createEntryStore({ store, clock }),
    news,
    clock,
    jobs: {
      // The journal hands back what it was given for this kind.
      define: (_kind, handler) => void handlers.push(handler as unknown as JobHandler<{ watchId: string }>),
      async enqueue(job) {
        queued.push(job.input);
        return { id: "j", existed: false };
      },
      schedule: async (schedule) => void schedules.set(schedule.name, schedule),
      unschedule: async (name) => void schedules.delete(name),
    },
  });
  const check = (watchId: string) => handlers[0]?.({ input: { watchId }, signal } as never);
  return { watches, feeds, broken, asked, saved, schedules, queued, check, clock };
}

const request = { urls: [blog], topic: null, every: "1h" as const };

test("what a feed has is noted, stored with its pages, and told once; the next time only what is new", async () => {
  const { watches, feeds, asked, saved, schedules, queued, check } = await setUp();
  feeds.set(blog, [entry("a"), entry("b")]);
  const { id } = await watches.start(request, "c1");
  expect(queued).toEqual([{ watchId: id }]);
  expect([...schedules.values()]).toMatchObject([{ cron: expect.stringMatching(/^\d+ \* \* \* \*$/) as string }]);
  await check(id);
  const first = await watches.take(id, "c1", { limit: 10 });
  expect(first.entries.map(({ title, documentId }) => [title, documentId])).toEqual([
    ["About a", expect.any(String)],
    ["About b", expect.any(String)],
  ]);
  feeds.set(blog, [entry("a"), entry("b", "Now about c")]);
  await check(id);
  expect((await watches.take(id, "c1", { limit: 10 })).entries).toMatchObject([
    { title: "Now about c", state: "changed" },
  ]);
  feeds.set(blog, []);
  await check(id);
  expect((await watches.take(id, "c1", { limit: 10 })).entries).toEqual([]);
  expect(asked).toEqual([
    null,
    ...Array.from({ length: 2 }, () => ({ etag: '"1"', lastModified: null, finalUrl: `${blog}/feed` })),
  ]);
  expect(saved.map(({ url }) => url).toSorted()).toEqual([at("a"), at("b"), at("b")]);
});

test("two callers who watch the same share one watch; each is told all of it; the last one ends it", async () => {
  const { watches, feeds, schedules, queued, check } = await setUp();
  feeds.set(blog, [entry("a")]);
  const { id } = await watches.start(request, "c1");
  await check(id);
  expect((await watches.start({ ...request, urls: [blog, blog] }, "c2")).id).toBe(id);
  expect(queued).toHaveLength(1);
  expect((await watches.take(id, "c1", { limit: 10 })).entries).toHaveLength(1);
  expect((await watches.take(id, "c2", { limit: 10 })).entries).toHaveLength(1);
  await expect(watches.take(id, "c3", { limit: 10 })).rejects.toMatchObject({ kind: "not_found" });
  await expect(watches.stop(id, "c3")).rejects.toMatchObject({ kind: "not_found" });
  await watches.stop(id, "c1");
  expect(schedules.size).toBe(1);
  await watches.stop(id, "c2");
  expect(schedules.size).toBe(0);
  // A schedule that a crash has left behind ends itself.
  schedules.set(`data.watch:${id}`, { name: `data.watch:${id}`, cron: "", kind: "", input: 0 });
  expect(await check(id)).toBeUndefined();
  expect(schedules.size).toBe(0);
});

test("a topic narrows; a page without feed is watched itself; trouble is told with its source", async () => {
  const { watches, feeds, broken, asked, check } = await setUp();
  const [page, away] = ["https://example.com/page", "https://away.example/"];
  feeds.set(blog, [entry("a", "Prices of lighthouses"), entry("b", "Weather")]);
  broken.set(away, new AppError("denied", "The site refuses."));
  const { id } = await watches.start({ urls: [blog, page, away], topic: "price, text", every: "1d" }, "c1");
  await check(id);
  const { entries } = await watches.take(id, "c1", { limit: 10 });
  expect(entries.map(({ url }) => String(url)).toSorted()).toEqual([at("a"), page]);
  expect((await watches.find(id, "c1")).sources).toMatchObject([
    { kind: "feed", failure_code: null },
    { kind: "page", failure_code: null },
    { kind: null, failure_code: "denied", failure_message: "The site refuses." },
  ]);
  const before = asked.length;
  await check(id);
  // The page is known to have no feed, and is not searched for one again.
  expect(asked.length - before).toBe(2);
});

test("where a page may not be read the entry's own words are stored; where it only fails now, later", async () => {
  const { watches, feeds, broken, saved, check } = await setUp();
  feeds.set(blog, [entry("closed"), entry("late")]);
  broken.set(at("closed"), new AppError("denied", "robots.txt"));
  broken.set(at("late"), new AppError("timeout", "Slow."));
  const { id } = await watches.start(request, "c1");
  await check(id);
  expect(saved).toEqual([{ url: at("closed"), source: "feed" }]);
  feeds.get(blog)?.push(entry("never"));
  broken.delete(at("late"));
  broken.set(at("never"), new AppError("rate_limited", "Later."));
  for (const _check of [1, 2, 3]) await check(id);
  expect(saved.slice(1)).toEqual([
    { url: at("late"), source: "direct" },
    { url: at("never"), source: "feed" },
  ]);
  broken.set(blog, new AppError("internal", "Ours."));
  await expect(check(id)).rejects.toMatchObject({ kind: "internal" });
});

test("a topic alone is asked of the news service, from where the last check ended, and costs", async () => {
  const questions: unknown[] = [];
  const { watches, check, clock } = await setUp({
    service: "twingly",
    mode: "live",
    async search(question) {
      questions.push(question);
      return { entries: [entry("n", "A headline")], costUsd: 0.02 };
    },
  });
  const { id } = await watches.start({ urls: [], topic: "rail strike", every: "6h" }, "c1");
  const startedAt = clock.now();
  await check(id);
  await clock.advance(1_000);
  await check(id);
  expect((await watches.take(id, "c1", { limit: 10 })).entries).toMatchObject([{ title: "A headline", sourceUrl: "" }]);
  expect(await watches.find(id, "c1")).toMatchObject({ cost_usd: 0.04, sources: [{ kind: "news" }] });
  const day = 24 * 60 * 60_000;
  expect(questions).toEqual([
    { topic: "rail strike", since: startedAt - 7 * day, limit: 100 },
    { topic: "rail strike", since: startedAt, limit: 100 },
  ]);
  const none = await setUp();
  await expect(none.watches.start({ ...request, urls: [], topic: "x" }, "c1")).rejects.toMatchObject({
    kind: "not_configured",
  });
  await expect(none.watches.start({ ...request, urls: [] }, "c1")).rejects.toMatchObject({ kind: "invalid_input" });
});
