import type { NewJob } from "@sophia/core/jobs/jobs";
import { systemClock } from "@sophia/core/limits/clock";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { SavedDocument } from "../documents/document-store.ts";
import type { PassageVectors } from "../documents/passage-vectors.ts";
import { sampleDocument } from "../testing/sample-document.ts";
import { sampleBody, samplePage } from "../testing/sample-page.ts";
import { createPageReader, embedJobKind } from "./page-reader.ts";
import type { KeptPage } from "./page-validators.ts";

const { signal } = new AbortController();
const url = "https://example.com/a";

const page = '<base href="/in/"><a href="b#x">b</a><a href="mailto:a@b">m</a><a rel="nofollow" href="/c">c</a>';

function setUp(
  embedMissing: PassageVectors["embedMissing"],
  state: SavedDocument["state"] = "new",
  kept?: KeptPage,
  isUnmodified = true,
  html?: string,
) {
  const asked: unknown[] = [];
  const touched: string[] = [];
  const keptIds: string[] = [];
  const queued: NewJob[] = [];
  const order: string[] = [];
  const reader = createPageReader({
    fetcher: {
      async fetch(_url, _signal, conditions) {
        asked.push(conditions);
        const reserved = html === undefined ? {} : { robotsTag: "noindex, otherbot: none", isTdmReserved: true };
        return {
          ...sampleBody(url, html ?? page),
          ...reserved,
          isNotModified: isUnmodified && conditions !== undefined,
        };
      },
    },
    extractor: { extract: async () => samplePage("Text."), close: async () => {} },
    documents: {
      async save(_page, { original }) {
        order.push(original ? `saved with ${Buffer.from(original).toString()}` : "saved");
        return { id: "d1", version: 1, state, fetchedAt: 1, checkedAt: 1 };
      },
    },
    validators: {
      find: async () => kept,
      keep: async (_fetched, _page, id) => void keptIds.push(id),
      reservationsOf: async () => ["noarchive"],
      touch: async (id) => void touched.push(id),
    },
    vectors: {
      async embedMissing(limit, options) {
        order.push("embedding");
        return await embedMissing(limit, options);
      },
    },
    jobs: {
      async enqueue(job) {
        queued.push(job);
        return { id: "j1", existed: false };
      },
    },
    clock: systemClock,
    log: pino({ level: "silent" }),
  });
  return { reader, queued, order, asked, touched, keptIds };
}

test("the document is stored before anything is embedded; a short page needs no job", async () => {
  const { reader, queued, order } = setUp(async () => 3);
  expect((await reader.read(url, signal)).saved.id).toBe("d1");
  expect({ order, queued }).toEqual({ order: ["saved", "embedding"], queued: [] });
});

test("a long page and a failing model leave the rest to a job, once per document", async () => {
  const long = setUp(async (limit) => limit);
  await long.reader.read(url, signal);
  const failing = setUp(() => Promise.reject(new Error("the model is gone")));
  await expect(failing.reader.read(url, signal)).resolves.toBeDefined();
  const job = { kind: embedJobKind, input: {}, idempotencyKey: "d1" };
  expect([long.queued, failing.queued]).toEqual([[job], [job]]);
});

test("an unchanged page is not embedded again", async () => {
  const { reader, order } = setUp(async () => 0, "unchanged");
  await reader.read(url, signal);
  expect(order).toEqual(["saved"]);
});

const kept: KeptPage = {
  etag: '"1"',
  lastModified: null,
  finalUrl: url,
  method: "density",
  truncated: true,
  document: sampleDocument({ id: "d7", version: 3 }),
};

test("a page that the site says is unmodified comes from the store, with the time noted", async () => {
  const { reader, asked, touched, order } = setUp(async () => 0, "new", kept);
  const read = await reader.read(url, signal);
  expect(read.page).toMatchObject({ markdown: kept.document.markdown, method: "density", truncated: true });
  expect(read.saved).toMatchObject({ id: "d7", version: 3, state: "unchanged" });
  expect({ asked, touched, order }).toEqual({ asked: [kept], touched: ["d7"], order: [] });
});

test("what the owner reserves is told, be it said in a header, in the page, or the last time", async () => {
  const said = setUp(async () => 0, "new", undefined, true, '<meta name="robots" content="noai"><p>x</p>');
  expect((await said.reader.read(url, signal)).reservations).toEqual(["noai", "noindex", "tdm-reservation"]);
  const unmodified = setUp(async () => 0, "new", kept);
  expect((await unmodified.reader.read(url, signal)).reservations).toEqual(["noarchive"]);
});

test("a page that did change is stored, and its validators with it", async () => {
  const { reader, keptIds, touched } = setUp(async () => 0, "changed", kept, false);
  expect((await reader.read(url, signal)).saved.state).toBe("changed");
  expect({ keptIds, touched }).toEqual({ keptIds: ["d1"], touched: [] });
});

test("links are given when wanted, and then the page is asked for without condition", async () => {
  const { reader, asked } = setUp(async () => 0, "unchanged", kept);
  const { links } = await reader.read(url, signal, { wantLinks: true });
  expect({ links, asked }).toEqual({ links: ["https://example.com/in/b"], asked: [undefined] });
});

test("the page as it came is kept on request, which asks for it whatever is kept already", async () => {
  const kept = { document: sampleDocument(), finalUrl: url } as KeptPage;
  const { reader, asked, order } = setUp(async () => 1, "unchanged", kept);
  await reader.read(url, signal, { keepOriginal: true });
  expect(asked).toEqual([undefined]);
  expect(order).toEqual([`saved with ${page}`]);
});
