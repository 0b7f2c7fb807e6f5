import { expect, test } from "vitest";
import { costOf, estimateTavilyCost, type TavilyPlanned } from "./cost.ts";

const prices: [TavilyPlanned, number][] = [
  [{ operation: "search" }, 1],
  [{ operation: "search", depth: "ultra-fast" }, 1],
  [{ operation: "search", depth: "advanced" }, 2],
  [{ operation: "search", chooses: true }, 2],
  [{ operation: "extract", urls: 5 }, 1],
  [{ operation: "extract", urls: 6, depth: "advanced" }, 4],
  [{ operation: "map", pages: 10 }, 1],
  [{ operation: "map", pages: 11, hasInstructions: true }, 4],
  [{ operation: "crawl", pages: 10, depth: "advanced" }, 5],
  [{ operation: "research" }, 250],
];

test.each(prices)("%j costs at most %i credits", (planned, credits) => {
  expect(estimateTavilyCost(planned)).toEqual({ credits, costUsd: credits * 0.008, kind: "estimate" });
});

test("a cost of 0 that the vendor states is no missing one", () => {
  const planned = { operation: "extract", urls: 2 } as const;
  expect(costOf({ credits: 0 }, planned)).toEqual({ credits: 0, costUsd: 0, kind: "actual" });
  expect(costOf({}, planned).kind).toBe("estimate");
});
