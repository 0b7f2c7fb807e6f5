import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DuplicateEdge, DuplicateReason } from "./duplicate-edge.ts";
import { chooseRepresentative, groupDocuments } from "./group-documents.ts";

const edge = (
  documentA: string,
  documentB: string,
  reason: DuplicateReason = "near_text",
  score = 1,
): DuplicateEdge => ({
  documentA,
  documentB,
  reason,
  score,
  decidedAt: 0,
});

describe("groups", () => {
  test("follow from the edges", () => {
    expect(groupDocuments([edge("a", "b", "same_text"), edge("b", "c", "canonical_url"), edge("x", "y")])).toEqual([
      ["a", "b", "c"],
      ["x", "y"],
    ]);
    expect(groupDocuments([])).toEqual([]);
  });

  test("come apart when an edge is taken back", () => {
    const edges = [edge("a", "b", "same_text"), edge("b", "c", "same_text")];
    expect(groupDocuments(edges.slice(0, 1))).toEqual([["a", "b"]]);
  });

  test("a split holds whatever is found later", () => {
    const apart = [{ documentA: "a", documentB: "c" }];
    const edges = [edge("a", "b", "same_text"), edge("b", "c", "near_text", 0.8), edge("a", "c", "canonical_url")];
    expect(groupDocuments(edges, apart)).toEqual([["a", "b"]]);
    expect(groupDocuments([edge("a", "c", "vendor_id")], apart)).toEqual([]);
  });

  test("one wrapped page does not bring two stories together", () => {
    const story = (name: string) => [
      edge(`${name}1`, `${name}2`),
      edge(`${name}1`, `${name}3`),
      edge(`${name}2`, `${name}3`),
    ];
    const groups = groupDocuments([...story("a"), ...story("b"), edge("a3", "b3", "near_text", 0.75)]);
    expect(groups).toEqual([
      ["a1", "a2", "a3"],
      ["b1", "b2", "b3"],
    ]);
  });

  test("two cut copies that share nothing meet in the whole text", () => {
    expect(groupDocuments([edge("head", "whole", "near_text", 0.7), edge("tail", "whole", "near_text", 0.8)])).toEqual([
      ["head", "tail", "whole"],
    ]);
  });

  test("do not depend on the order of the edges, and never hold two that are kept apart", () => {
    const id = fc.constantFrom("a", "b", "c", "d", "e", "f", "g");
    const edges = fc.array(
      fc.tuple(
        id,
        id,
        fc.constantFrom<DuplicateReason>("same_text", "near_text", "near_text"),
        fc.constantFrom(0.7, 0.9, 1),
      ),
    );
    const apart = fc.array(
      fc.tuple(id, id).filter(([a, b]) => a !== b),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(
        edges,
        apart,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (drawn, split, random) => {
          const all = drawn.filter(([a, b]) => a !== b).map(([a, b, reason, score]) => edge(a, b, reason, score));
          const keptApart = split.map(([documentA, documentB]) => ({ documentA, documentB }));
          const groups = groupDocuments(all, keptApart);
          const mixed = all
            .map((item) => ({ item, at: random.next().value as number }))
            .toSorted((a, b) => a.at - b.at)
            .map(({ item }) => item);
          expect(groupDocuments(mixed, keptApart)).toEqual(groups);
          expect(new Set(groups.flat()).size).toBe(groups.flat().length);
          for (const { documentA, documentB } of keptApart) {
            expect(groups.some((group) => group.includes(documentA) && group.includes(documentB))).toBe(false);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

test("the fullest text stands for its group, of equal ones the first published", () => {
  const member = (id: string, textLength: number, publishedAt: number | null, fetchedAt = 50) => ({
    id,
    textLength,
    publishedAt,
    fetchedAt,
  });
  expect(chooseRepresentative([member("cut", 300, 1), member("whole", 1000, 9)])).toBe("whole");
  expect(
    chooseRepresentative([member("later", 1000, 9), member("first", 980, 3), member("undated", 1000, null, 5)]),
  ).toBe("first");
  expect(chooseRepresentative([])).toBeUndefined();
});
