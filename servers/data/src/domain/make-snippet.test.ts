import { expect, test } from "vitest";
import { makeSnippet } from "./make-snippet.ts";

const filler = "Nothing of interest stands in these many words here. ".repeat(12);

test("shows the part where the query's words stand", () => {
  const snippet = makeSnippet([`${filler}The reservoir overflowed at night. ${filler}`], ["reservoir", "overflow"]);
  expect(snippet).toContain("reservoir overflowed");
  expect(snippet).toMatch(/^….*…$/s);
  expect(snippet.length).toBeLessThanOrEqual(325);
});

test("shows the beginning when no word is there, and short passages whole", () => {
  expect(makeSnippet([filler], ["absent"])).toMatch(/^Nothing of interest/);
  expect(makeSnippet([" Short\n one. "], ["short"])).toBe("Short one.");
});

test("of a document's passages the one with most of the query's words is shown, else the first", () => {
  const passages = ["A doctor and a bakery.", "The ferry leaves at noon.", "A ferry line to the islands."];
  expect(makeSnippet(passages, ["ferry", "islands"])).toBe(passages[2]);
  expect(makeSnippet(passages, ["ferries"])).toBe(passages[0]);
  expect(makeSnippet(passages, ["leaving", "ferry"])).toBe(passages[1]);
  expect(makeSnippet([], ["ferry"])).toBe("");
});
