import { expect, test } from "vitest";
import { resolveEditor } from "./resolve-editor.ts";

const path = process.env["PATH"] ?? "";

test.each([
  [{ EDITOR: "sh -c 'exit 1' --flag" }, ["-c", "exit 1", "--flag"]],
  [{ VISUAL: 'sh "a \\"b\\" c"', EDITOR: "nothing" }, ['a "b" c']],
  [{ VISUAL: " ", EDITOR: "sh" }, []],
])("%j", (variables, words) => {
  const [program = "", ...rest] = resolveEditor({ PATH: path, ...variables }, undefined);
  expect(program).toMatch(/\/sh$/);
  expect(rest).toEqual(words);
});

test("what was chosen wins, and one that is not there is told", () => {
  expect(resolveEditor({ PATH: path, EDITOR: "nothing" }, "sh -x")[1]).toBe("-x");
  expect(() => resolveEditor({ PATH: path, EDITOR: "no-such-editor" }, undefined)).toThrow(
    "There is no editor no-such-editor.",
  );
});
