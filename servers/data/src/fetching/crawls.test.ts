import type { JobHandler, JobRow, Jobs } from "@sophia/core/jobs/jobs";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import type { CrawlRequest, CrawlResult } from "./crawler.ts";
import { createCrawls } from "./crawls.ts";

const request: CrawlRequest = {
  startUrl: "https://example.com/",
  maxPages: 10,
  maxDepth: 2,
  include: [],
  exclude: [],
};
const result: CrawlResult = { pages: [], failures: [], duplicates: 1, notRead: 2 };

/** A journal in memory, whose rows the test changes as a worker would. */
function setUp() {
  const rows = new Map<string, JobRow>();
  const handlers = new Map<string, JobHandler<never>>();
  const aborted: string[] = [];
  const jobs: Pick<Jobs, "define" | "enqueue" | "get" | "abort"> = {
    define: (kind, handler) => void handlers.set(kind, handler),
    async enqueue({ kind, input, idempotencyKey, caller }) {
      const id = `j${rows.size + 1}`;
      const times = { runAt: 0, createdAt: 1, updatedAt: 1, finishedAt: undefined };
      const outcome = { progress: undefined, result: undefined, error: undefined };
      rows.set(id, { id, kind, idempotencyKey, input, caller, state: "queued", attempt: 0, ...times, ...outcome });
      return { id, existed: false };
    },
    get: async (id) => rows.get(id),
    abort: async (id) => void aborted.push(id),
  };
  const change = (id: string, facts: Partial<JobRow>) => void rows.set(id, { ...(rows.get(id) as JobRow), ...facts });
  const clock = createVirtualClock();
  const crawled: { request: CrawlRequest; options: object }[] = [];
  const crawler = {
    async crawl(given: CrawlRequest, options: object) {
      crawled.push({ request: given, options });
      return result;
    },
  };
  return { crawls: createCrawls({ jobs, crawler, clock }), rows, handlers, aborted, change, clock, crawled };
}

const { signal } = new AbortController();

test("each start is a crawl of its own, run by the journal with its step, progress and end", async () => {
  const { crawls, rows, handlers, crawled } = setUp();
  const ids = [await crawls.start(request, "a"), await crawls.start(request, "a")];
  expect(new Set([...rows.values()].map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
  expect(rows.get(ids[0] ?? "")).toMatchObject({ kind: "data.crawl_site", input: request, caller: "a" });
  const run = { signal, step: async () => undefined, progress: () => {} };
  const handler = handlers.get("data.crawl_site");
  expect(await handler?.({ id: "j1", input: request as never, attempt: 1, fencingToken: 1, ...run } as never)).toBe(
    result,
  );
  expect(crawled).toEqual([{ request, options: { signal, step: run.step, onPage: run.progress } }]);
});

test("a report says how far it is, and has the result only when it has ended well", async () => {
  const { crawls, change } = setUp();
  const id = await crawls.start(request, "a");
  expect(await crawls.report(id, "a")).toEqual({
    id,
    state: "queued",
    startUrl: request.startUrl,
    done: 0,
    total: 10,
    result: undefined,
    error: undefined,
  });
  change(id, { state: "running", progress: { done: 3, total: 7 }, result: { pages: "of a run before" } });
  expect(await crawls.report(id, "a")).toMatchObject({ state: "running", done: 3, total: 7, result: undefined });
  change(id, { state: "succeeded", result });
  expect(await crawls.report(id, "a")).toMatchObject({ state: "succeeded", result });
  const error = { kind: "timeout" as const, message: "Too long." };
  change(id, { state: "failed", error });
  expect(await crawls.report(id, "a")).toMatchObject({ state: "failed", result: undefined, error });
});

test("another caller's crawl, another kind of job and an unknown id are all the same: not there", async () => {
  const { crawls, change, aborted } = setUp();
  const id = await crawls.start(request, "a");
  const other = await crawls.start(request, "a");
  change(other, { kind: "data.embed_documents" });
  for (const [asked, caller] of [
    [id, "b"],
    [other, "a"],
    ["none", "a"],
  ] as const) {
    await expect(crawls.report(asked, caller)).rejects.toMatchObject({ kind: "not_found" });
    await expect(crawls.stop(asked, caller)).rejects.toMatchObject({ kind: "not_found" });
  }
  expect(aborted).toEqual([]);
  await crawls.stop(id, "a");
  expect(aborted).toEqual([id]);
});

test("waiting ends with the crawl, with its time, or with the call, and tells the progress meanwhile", async () => {
  const { crawls, change, clock } = setUp();
  const id = await crawls.start(request, "a");
  const seen: object[] = [];
  const options = { forMs: 10_000, signal, onProgress: (progress: object) => void seen.push(progress) };
  let hasEnded = false;
  const waiting = crawls.wait(id, options).then(() => (hasEnded = true));
  await clock.advance(1_000);
  change(id, { state: "running", progress: { done: 2 } });
  await clock.advance(250);
  expect({ hasEnded, seen }).toEqual({ hasEnded: false, seen: [{ done: 2, total: 2 }] });
  change(id, { state: "succeeded", finishedAt: 5 });
  await clock.advance(250);
  await waiting;
  const endless = await crawls.start(request, "a");
  const late = crawls.wait(endless, options);
  await clock.advance(10_000);
  await late;
  const controller = new AbortController();
  const cancelled = crawls.wait(endless, { ...options, signal: controller.signal });
  const outcome = expect(cancelled).rejects.toThrow("gone");
  await clock.advance(250);
  controller.abort(new Error("gone"));
  await outcome;
  expect(clock.sleeping).toBe(0);
});
