import { systemClock } from "@sophia/core/limits/clock";
import { describe, expect, test } from "vitest";
import { createDeduplicator, type IncomingDocument } from "./deduplicator.ts";
import type { DuplicateEdge } from "./duplicate-edge.ts";
import { groupDocuments } from "./group-documents.ts";
import { createShingleCounts } from "./shingle-counts.ts";
import { makeArticleSet } from "./testing/make-article-set.ts";
import { makeSentences } from "./testing/make-sentences.ts";
import { createMemoryLookup } from "./testing/memory-lookup.ts";
import { scoreGroups } from "./testing/score-groups.ts";

function setUp() {
  const lookup = createMemoryLookup();
  const clock = { ...systemClock, now: () => 1_700_000_000_000 };
  const deduplicator = createDeduplicator({ lookup, counts: createShingleCounts({ cells: 1 << 20 }), clock });
  const edges: DuplicateEdge[] = [];
  const texts = new Map<string, string>();
  return {
    edges,
    async save(document: Pick<IncomingDocument, "id" | "text"> & Partial<IncomingDocument>): Promise<DuplicateEdge[]> {
      const whole: IncomingDocument = { canonicalKey: null, vendorKey: null, ...document };
      const { edges: found, ...keys } = await deduplicator.examine(whole);
      const [first] = found;
      const other = first && texts.get(first.documentA === whole.id ? first.documentB : first.documentA);
      lookup.save(whole, keys);
      deduplicator.counted(whole, other === undefined ? undefined : { text: other });
      texts.set(whole.id, whole.text);
      edges.push(...found);
      return found;
    },
  };
}

const sentences = makeSentences(200, 4);
const story = sentences.slice(0, 10).join(" ");
const other = sentences.slice(20, 30).join(" ");

describe("one decision", () => {
  test("by address, also where the page changed in part", async () => {
    const { save } = setUp();
    await save({ id: "a", text: story, canonicalKey: "https://example.com/a" });
    const changed = [...sentences.slice(0, 4), ...sentences.slice(40, 52)].join(" ");
    expect(await save({ id: "b", text: changed, canonicalKey: "https://example.com/a" })).toEqual([
      { documentA: "a", documentB: "b", reason: "canonical_url", score: 1, decidedAt: 1_700_000_000_000 },
    ]);
  });

  test("not by an address that a site declares for all its pages", async () => {
    const { save } = setUp();
    await save({ id: "a", text: story, canonicalKey: "https://example.com/" });
    expect(await save({ id: "b", text: other, canonicalKey: "https://example.com/" })).toEqual([]);
  });

  test("by the vendor's id, whatever the text", async () => {
    const { save } = setUp();
    await save({ id: "a", text: story, vendorKey: "twingly_news:16405819479794412880" });
    const found = await save({ id: "b", text: other, vendorKey: "twingly_news:16405819479794412880" });
    expect(found.map(({ reason }) => reason)).toEqual(["vendor_id"]);
    expect(await save({ id: "c", text: sentences[90]!, vendorKey: "twingly_news:16405819479794412881" })).toEqual([]);
  });

  test("by equal text, and by text nearly so with the share that agrees", async () => {
    const { save } = setUp();
    await save({ id: "b", text: story });
    expect(await save({ id: "a", text: story.toUpperCase() })).toMatchObject([
      { documentA: "a", documentB: "b", reason: "same_text" },
    ]);
    const found = await save({ id: "c", text: sentences.slice(0, 6).join(" ") });
    expect(found.map(({ reason }) => reason)).toEqual(["near_text", "near_text"]);
    expect(found[0]!.score).toBeGreaterThan(0.7);
    expect(found[0]!.score).toBeLessThan(1);
  });

  test("is the same when it is made again", async () => {
    const { save } = setUp();
    await save({ id: "a", text: story });
    const first = await save({ id: "b", text: `${story} ${sentences[60]}` });
    expect(first).toHaveLength(1);
    expect(await save({ id: "b", text: `${story} ${sentences[60]}` })).toEqual(first);
  });

  test("of a document without text", async () => {
    const { save } = setUp();
    await save({ id: "a", text: "" });
    expect(await save({ id: "b", text: " " })).toEqual([]);
  });
});

test("documents that come one by one are grouped as well as all at once, but for what comes before a frame is known", async () => {
  const set = makeArticleSet(makeSentences(8000, 13), { stories: 80, families: 42, alone: 40 }, 13);
  const { save, edges } = setUp();
  for (const document of set.documents) await save(document);
  const { precision, f1 } = scoreGroups(groupDocuments(edges), set.clusters);
  expect(precision).toBeGreaterThanOrEqual(0.97);
  expect(f1).toBeGreaterThanOrEqual(0.95);
});
