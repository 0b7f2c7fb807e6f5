import { defineTool, Source } from "@sophia/core/mcp/define-tool";
import { expect, test } from "vitest";
import { z } from "zod";
import { renderToolTable } from "./render-tool-table.ts";
import { replaceSection } from "./replace-section.ts";

const tool = defineTool({
  name: "get_thing",
  title: "Get a thing",
  description: "Gets v1.2 of a thing | or none. Not more.\n- Use when asked.",
  effect: "read",
  input: z.object({}),
  output: z.object({ source: Source }),
  run: async () => ({ source: { service: "x", mode: "local" as const, costUsd: 0 } }),
});
const server = { id: "ai", title: "AI", instructions: "", direct: [tool], longTail: [], prompts: [] };

test("a tool is told by the first sentence of its description", () => {
  expect(renderToolTable([server], { ai: 8091 })).toBe(
    "### AI, port 8091\n\n| tool | what it does | effect |\n| --- | --- | --- |\n| `get_thing` | Gets v1.2 of a thing \\| or none. | read |\n",
  );
  expect(renderToolTable([{ ...server, longTail: [tool] }], {})).toContain("`run_tool`: `get_thing`.");
});

test("only what stands between the markers is replaced", () => {
  const text = "a\n<!-- generated: x -->\nold\n<!-- end: x -->\nb";
  expect(replaceSection(text, "x", "new\n")).toBe("a\n<!-- generated: x -->\n\nnew\n\n<!-- end: x -->\nb");
  expect(replaceSection(replaceSection(text, "x", "new"), "x", "new")).toBe(replaceSection(text, "x", "new"));
});

test.for(["", "<!-- generated: x -->", "<!-- end: x -->", "<!-- generated: x --><!-- end: x --><!-- generated: x -->"])(
  "markers that are not there once are refused: %j",
  (text) => {
    expect(() => replaceSection(text, "x", "new")).toThrow("each once");
  },
);
