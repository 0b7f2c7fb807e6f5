import type { NewJob } from "@sophia/core/jobs/jobs";
import { systemClock } from "@sophia/core/limits/clock";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { SavedDocument } from "../documents/document-store.ts";
import type { PassageVectors } from "../documents/passage-vectors.ts";
import { samplePage } from "../testing/sample-page.ts";
import { createPageReader, embedJobKind } from "./page-reader.ts";

const { signal } = new AbortController();
const url = "https://example.com/a";

function setUp(embedMissing: PassageVectors["embedMissing"], state: SavedDocument["state"] = "new") {
  const queued: NewJob[] = [];
  const order: string[] = [];
  const reader = createPageReader({
    fetcher: {
      async fetch() {
        return { url, finalUrl: url, contentType: "text/html", contentLanguage: undefined, body: Buffer.from("x") };
      },
    },
    extractor: { extract: async () => samplePage("Text."), close: async () => {} },
    documents: {
      async save() {
        order.push("saved");
        return { id: "d1", version: 1, state, fetchedAt: 1, checkedAt: 1 };
      },
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
  return { reader, queued, order };
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
