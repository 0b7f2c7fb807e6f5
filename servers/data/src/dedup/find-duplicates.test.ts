import { describe, expect, test } from "vitest";
import { findDuplicates } from "./find-duplicates.ts";
import { groupDocuments } from "./group-documents.ts";
import { makeArticleSet } from "./testing/make-article-set.ts";
import { makeSentences } from "./testing/make-sentences.ts";
import { scoreGroups } from "./testing/score-groups.ts";

type Documents = { id: string; text: string }[];

function group(documents: Documents): string[][] {
  const edges = findDuplicates(documents).map(({ a, b, reason, score }) => {
    return { documentA: documents[a]!.id, documentB: documents[b]!.id, reason, score, decidedAt: 0 };
  });
  return groupDocuments(edges);
}

test.each([11, 12])("copies are found among what only looks alike, set %i", (seed) => {
  const set = makeArticleSet(makeSentences(8000, seed), { stories: 80, families: 42, alone: 40 }, seed);
  const { precision, recall, f1 } = scoreGroups(group(set.documents), set.clusters);
  expect(precision).toBeGreaterThanOrEqual(0.97);
  expect(recall).toBeGreaterThanOrEqual(0.94);
  expect(f1).toBeGreaterThanOrEqual(0.96);
});

describe("what many texts share", () => {
  const sentences = makeSentences(400, 3);
  const numbered = (texts: string[]): Documents =>
    texts.map((text, index) => ({ id: `d${String(index).padStart(2, "0")}`, text }));

  test("is a frame, when the rest differs", () => {
    const frame = sentences.slice(0, 12).join(" ");
    const pages = Array.from(
      { length: 20 },
      (_, page) => `${frame} ${sentences.slice(20 + page * 3, 23 + page * 3).join(" ")}`,
    );
    expect(group(numbered(pages))).toEqual([]);
  });

  test("is a story, when each print has errors of its own", () => {
    const words = sentences.slice(0, 12).join(" ").split(" ");
    const prints = Array.from({ length: 20 }, (_, print) =>
      words.map((word, index) => ((index * 7 + print * 3) % 19 === 0 ? `${word}q` : word)).join(" "),
    );
    const [only, ...others] = group(numbered(prints));
    expect(only).toHaveLength(20);
    expect(others).toEqual([]);
  });
});

test("exact copies point at the first, empty texts at nothing", () => {
  const documents = ["Same words here, friend.", "", "SAME words here friend", "", "same words here — friend"].map(
    (text, index) => ({ id: String(index), text }),
  );
  expect(findDuplicates(documents)).toEqual([
    { a: 0, b: 2, reason: "same_text", score: 1 },
    { a: 0, b: 4, reason: "same_text", score: 1 },
  ]);
  expect(findDuplicates([])).toEqual([]);
});
