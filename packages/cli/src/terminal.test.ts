import { expect, test } from "vitest";
import { createTerminal } from "./terminal.ts";

test.for([
  { columns: 0, expected: 120, name: "an unknown width" },
  { columns: 5, expected: 20, name: "a sliver" },
  { columns: 80, expected: 80, name: "an ordinary width" },
])("$name ($columns columns) is taken as $expected", ({ columns, expected }) => {
  const lines: string[] = [];
  const stream = { isTTY: true, columns, write: (text: string) => lines.push(text) > 0 };
  const terminal = createTerminal({ stdin: { isTTY: true }, stdout: stream, stderr: stream }, {});
  expect(terminal.columns).toBe(expected);
  terminal.live("x".repeat(200));
  expect(lines).toEqual(["x".repeat(expected - 1)]);
});
