import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { AppError } from "../errors/app-error.ts";
import { post, rpc } from "../testing/raw-http.ts";
import { startTestServer } from "../testing/test-server.ts";
import { defineServer } from "./define-server.ts";
import { defineTool, Source } from "./define-tool.ts";
import { Cursor, NextCursor, readCursor, toCursor } from "./paging.ts";

test("a cursor leads on in its own question only", () => {
  const cursor = toCursor(20, "cats");
  expect(readCursor(cursor, "cats", z.number())).toBe(20);
  expect(readCursor(undefined, "cats", z.number())).toBeUndefined();
  for (const wrong of [toCursor(20, "dogs"), toCursor("20", "cats")]) {
    expect(() => readCursor(wrong, "cats", z.number())).toThrow(AppError);
  }
});

test("any other text is refused", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => readCursor(text, "cats", z.unknown())).toThrow(expect.objectContaining({ kind: "invalid_input" }));
    }),
  );
});

/** Its pages are longer than what core lets through, so that both kinds of cursor occur. */
const listLong = defineTool({
  name: "list_long",
  title: "Long",
  description: "Returns long pages.",
  effect: "read",
  items: "rows",
  input: z.strictObject({ cursor: Cursor }),
  output: z.object({ rows: z.array(z.string()), nextCursor: NextCursor, source: Source }),
  async run({ cursor }) {
    const from = readCursor(cursor, "", z.int()) ?? 0;
    return {
      rows: Array.from({ length: 400 }, (_, index) => `${from + index} ${"y".repeat(100)}`),
      ...(from < 800 && { nextCursor: toCursor(from + 400, "") }),
      source: { service: "sample", mode: "local" as const, costUsd: 0 },
    };
  },
  render: ({ rows, nextCursor }) => `${rows.length} rows${nextCursor === undefined ? "" : `, more: ${nextCursor}`}`,
});

const longServer = defineServer<object>({
  id: "ai",
  title: "Long",
  instructions: "Test-only server.",
  direct: [listLong],
  longTail: [],
  prompts: [],
});

test("a client that follows truncated, nextCursor and toolCursor sees every row of every page once", async () => {
  const server = await startTestServer({ definition: longServer, services: {} } as never);
  onTestFinished(() => server.close());
  const bearer = await server.bearer();
  const call = async (name: string, values: unknown) =>
    (await post(server.url, bearer, rpc("modern", "tools/call", { name, arguments: values }))).json().result;

  const seen: string[] = [];
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const { structuredContent: page, content } = await call("list_long", { cursor });
    expect(page.truncated).toBe(true);
    expect(content[0].text).toMatch(/^\d+ rows\n\n\(Cut here\. The rest: run_tool read_result /);
    seen.push(...page.rows);
    cursor = undefined;
    for (let rest: string | undefined = page.nextCursor; rest !== undefined;) {
      const part = (await call("run_tool", { tool: "read_result", arguments: { cursor: rest } })).structuredContent
        .result;
      seen.push(...part.items);
      rest = part.nextCursor;
      cursor = part.toolCursor;
    }
  }
  expect(seen.map((row) => Number.parseInt(row, 10))).toEqual(Array.from({ length: 1_200 }, (_, index) => index));

  const { nextCursor } = (await call("list_long", {})).structuredContent;
  const misled = await call("list_long", { cursor: nextCursor });
  expect(misled.isError).toBe(true);
  expect(misled.content[0].text).toContain(`Give it to read_result: run_tool {"tool": "read_result"`);
});
