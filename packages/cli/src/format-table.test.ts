import { expect, test } from "vitest";
import { formatTable } from "./format-table.ts";
import { createTerminal, toPlainLine } from "./terminal.ts";

const rows = [
  ["ai", "ready", "http://127.0.0.1:8091/mcp"],
  ["infra", "crash loop", ""],
];

test("columns are aligned where they fit", () => {
  expect(`\n${formatTable(["SERVER", "STATE", "URL"], rows, 80)}`).toBe(`
SERVER  STATE       URL
ai      ready       http://127.0.0.1:8091/mcp
infra   crash loop`);
});

test("a narrow terminal gets one block per row", () => {
  const text = formatTable(["SERVER", "STATE", "URL"], rows, 40);
  expect(`\n${text}`).toBe(`
SERVER  ai
STATE   ready
URL     http://127.0.0.1:8091/mcp

SERVER  infra
STATE   crash loop
URL`);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
});

test("text from outside cannot move the cursor, colour the screen or start a new line", () => {
  expect(toPlainLine("\u001B[31mred\u001B[0m\r\nnext\u001B]0;title\u0007\u202Etxt.exe")).toBe("red next txt.exe");
});

function fakeStreams(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, columns: 40, write: (text: string) => written.push(text) > 0 };
  return { written, streams: { stdin: { isTTY }, stdout: stream, stderr: stream } };
}

test.for([
  { name: "a terminal", isTTY: true, environment: {}, interactive: true, text: "\u001B[32mok\u001B[39m" },
  { name: "NO_COLOR", isTTY: true, environment: { NO_COLOR: "1" }, interactive: true, text: "ok" },
  { name: "TERM=dumb", isTTY: true, environment: { TERM: "dumb" }, interactive: false, text: "ok" },
  { name: "a pipe", isTTY: false, environment: {}, interactive: false, text: "ok" },
])("fault 111: $name", ({ isTTY, environment, interactive, text }) => {
  const { streams, written } = fakeStreams(isTTY);
  const terminal = createTerminal(streams as never, environment);
  expect(terminal.interactive).toBe(interactive);
  expect(terminal.style("green", "ok")).toBe(text);
  terminal.live("x".repeat(200));
  if (interactive) expect(written.join("")).toHaveLength(39);
  else expect(written).toEqual([]);
  terminal.print("done");
  expect(written.at(-1)).toBe("done\n");
});
