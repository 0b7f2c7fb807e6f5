import fc from "fast-check";
import { expect, it } from "vitest";
import { takePage } from "./page.ts";

const keyOf = (item: string): string => item;

it("gives every item once, in order, whatever the page size", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 7 }), (items, limit) => {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = takePage(items, { keyOf, limit, scope: "all", cursor });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items);
        cursor = page.next;
      } while (cursor !== undefined);
      expect(seen).toEqual(items.toSorted((left, right) => (left < right ? -1 : 1)));
    }),
  );
});

it("is not shifted by what disappears between two pages", () => {
  const first = takePage(["a", "b", "c", "d"], { keyOf, limit: 2, scope: "all", cursor: undefined });
  expect(takePage(["b", "c", "d"], { keyOf, limit: 2, scope: "all", cursor: first.next }).items).toEqual(["c", "d"]);
});

it("refuses a cursor of another question", () => {
  const { next } = takePage(["a", "b"], { keyOf, limit: 1, scope: "containers", cursor: undefined });
  const ask = (cursor: string | undefined) => () => takePage(["a", "b"], { keyOf, limit: 1, scope: "images", cursor });
  expect(ask(next)).toThrow(expect.objectContaining({ kind: "invalid_input" }));
});
