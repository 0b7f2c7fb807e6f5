import { describe, expect, test } from "vitest";
import type { Caller } from "../approval/caller.ts";
import { capOutput, type CapRequest, readShelved, type ResultShelf, type ShelvedPage } from "./result-cap.ts";

const caller: Caller = { id: "caller", name: "caller", scopes: ["read"] };

function createMapShelf(): ResultShelf & { pages: Map<string, ShelvedPage> } {
  const pages = new Map<string, ShelvedPage>();
  return {
    pages,
    async put(rows) {
      for (const row of rows) pages.set(row.id, row);
    },
    async get(id, asking) {
      const page = pages.get(id);
      return page?.caller === asking ? page.body : undefined;
    },
  };
}

async function cap(output: Record<string, unknown>, changes: Partial<CapRequest> = {}) {
  const shelf = createMapShelf();
  const request = { server: "ai", tool: "list_much", caller, now: 0, shelf, scrub: (text: string) => text };
  return { shelf, capped: await capOutput({ output, ...request, ...changes }) };
}

async function readAll(shelf: ResultShelf, first: string) {
  const read = [];
  for (let cursor: string | undefined = first; cursor !== undefined;) {
    const page = await readShelved(shelf, caller, cursor);
    read.push(page);
    cursor = page.nextCursor;
  }
  return read;
}

const rows = (count: number, length = 60) =>
  Array.from({ length: count }, (_, id) => ({ id, text: "y".repeat(length) }));

describe("capOutput", () => {
  test("a short answer goes as it is and leaves nothing behind", async () => {
    const { shelf, capped } = await cap({ rows: rows(10) });
    expect(capped.rest).toBeUndefined();
    expect(shelf.pages.size).toBe(0);
  });

  test("pages of two cut lists follow each other and name their field", async () => {
    const output = { one: rows(2_000), two: rows(1_500) };
    const { shelf, capped } = await cap(output);
    const pages = await readAll(shelf, capped.rest?.cursor ?? "");
    for (const field of ["one", "two"] as const) {
      const rest = pages.filter((page) => page.field === field).flatMap(({ items }) => items);
      expect(rest.length).toBeGreaterThan(0);
      expect([...(capped.output[field] as unknown[]), ...rest]).toEqual(output[field]);
    }
    for (const page of pages) expect(JSON.stringify(page).length).toBeLessThan(30_000);
  });

  test("the tool's own cursor waits at the end of the rest", async () => {
    const { shelf, capped } = await cap({ rows: rows(2_000), nextCursor: "tool-page-2" });
    expect(capped.output["nextCursor"]).toBe(capped.rest?.cursor);
    const pages = await readAll(shelf, capped.rest?.cursor ?? "");
    expect(pages.at(-1)?.toolCursor).toBe("tool-page-2");
    expect(pages.slice(0, -1).every(({ toolCursor }) => toolCursor === undefined)).toBe(true);
  });

  test("what is too much even to be kept is counted on the last page", async () => {
    const { shelf, capped } = await cap({ rows: rows(12_000, 1_000) }, { itemsKey: "rows" });
    const pages = await readAll(shelf, capped.rest?.cursor ?? "");
    const kept = (capped.output["rows"] as unknown[]).length + pages.reduce((sum, page) => sum + page.items.length, 0);
    expect(pages.at(-1)?.lost).toBe(12_000 - kept);
    expect(kept).toBeGreaterThan(7_000);
  });

  test("what is kept is scrubbed first", async () => {
    const scrub = (text: string) => text.replaceAll("y".repeat(60), "***");
    const { shelf } = await cap({ rows: rows(2_000) }, { scrub });
    expect([...shelf.pages.values()].some(({ body }) => body.includes("yyy"))).toBe(false);
  });

  test.each(["", "x", "../etc", "00000000-0000-0000-0000-000000000000.0"])("no rest under %j", async (cursor) => {
    await expect(readShelved(createMapShelf(), caller, cursor)).rejects.toMatchObject({ kind: "not_found" });
  });
});
