import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Cell } from "./cell-values.ts";
import type { QueryAnswer } from "./engine.ts";
import { keptForMs, ResultPages } from "./result-pages.ts";

const request = { limit: 10, maxCharacters: 20_000 };

function answerOf(rows: Cell[][]): QueryAnswer {
  return { columns: [{ name: "a", type: "BIGINT" }], rows, cutBy: null, relations: [], elapsedMs: 1 };
}

function numbers(count: number): Cell[][] {
  return Array.from({ length: count }, (_, index) => [index]);
}

describe("pages", () => {
  test("together are the answer, each row once, in order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 60 }), { maxLength: 120 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 80, max: 500 }),
        (texts, limit, maxCharacters) => {
          const pages = new ResultPages(createVirtualClock());
          const rows: Cell[][] = texts.map((text, index) => [index, text]);
          let page = pages.first("ann", answerOf(rows), { limit, maxCharacters });
          const seen = [...page.rows];
          while (page.nextCursor !== undefined) {
            page = pages.next("ann", page.nextCursor, { limit, maxCharacters });
            expect(page.rows.length).toBeGreaterThan(0);
            seen.push(...page.rows);
          }
          expect(seen.map(([index]) => index)).toEqual(rows.map(([index]) => index));
        },
      ),
    );
  });

  test("stay as long as the first one, unless another length is asked for", () => {
    const pages = new ResultPages(createVirtualClock());
    const { nextCursor = "" } = pages.first("ann", answerOf(numbers(30)), request);
    const { maxCharacters } = request;
    expect(pages.next("ann", nextCursor, { maxCharacters }).rows).toHaveLength(10);
    expect(pages.next("ann", nextCursor, { maxCharacters, limit: 3 }).rows).toHaveLength(3);
  });

  test("expire, and belong to one caller", async () => {
    const clock = createVirtualClock();
    const pages = new ResultPages(clock);
    const { nextCursor = "" } = pages.first("ann", answerOf(numbers(30)), request);
    expect(() => pages.next("bob", nextCursor, request)).toThrow("leads nowhere");
    expect(pages.next("ann", nextCursor, request).rows[0]).toEqual([10]);
    await clock.advance(keptForMs + 1);
    expect(() => pages.next("ann", nextCursor, request)).toThrow("leads nowhere");
  });

  test("a caller keeps the newest twenty answers; others are not pushed out by that", () => {
    const pages = new ResultPages(createVirtualClock());
    const other = pages.first("bob", answerOf(numbers(30)), request).nextCursor ?? "";
    const cursors = Array.from(
      { length: 25 },
      () => pages.first("ann", answerOf(numbers(30)), request).nextCursor ?? "",
    );
    expect(() => pages.next("ann", cursors[0] ?? "", request)).toThrow("leads nowhere");
    expect(pages.next("ann", cursors[24] ?? "", request).rows).toHaveLength(10);
    expect(pages.next("bob", other, request).rows).toHaveLength(10);
  });

  test.each(["", ".", "x.1", "x.-1", "x.1e3", "../..", "x"])("the cursor %j leads nowhere", (cursor) => {
    expect(() => new ResultPages(createVirtualClock()).next("ann", cursor, request)).toThrow("leads nowhere");
  });
});
