import fc from "fast-check";
import { expect, test } from "vitest";
import { streamText, withoutScripts } from "./stream-text.ts";

test.each([
  ["blocks and entities", "<h1>A &amp; B</h1><p>one<br>two &#x263A;", "A & B\n\none\n\ntwo ☺"],
  ["a lone angle", "1 < 2 and 3<4", "1 < 2 and 3<4"],
  ["quotes that hold angles", `<p title="a > b">x</p>`, "x"],
  ["quotes left open", `<p title="never closed>x</p><p>y</p>`, "x\n\ny"],
  ["scripts and comments", `a<script>if (1 < 2) "</p>"</script><!-- b --><style>p{}</style>c`, "ac"],
  [
    "hidden parts with parts inside",
    `a<div hidden>b<div>c</div>d</div>e<span style="display:none">f</span>g`,
    "a\n\neg",
  ],
  ["a comment without end", "a<!-- b", "a"],
])("reads %s", (_name, html, text) => {
  expect(streamText(html, 1000).replace(/\n+/g, "\n\n")).toBe(text);
});

test("keeps to its limit and ends for any input", () => {
  const piece = fc.constantFrom(
    "<",
    ">",
    "</",
    "<!--",
    "-->",
    '"',
    "'",
    "<div",
    " hidden",
    "<script>",
    "</script>",
    "text ",
    "&amp;",
    "<p>",
    "=",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 1, max: 50 }), (pieces, limit) => {
      expect(streamText(pieces.join(""), limit).length).toBeLessThanOrEqual(limit);
    }),
  );
});

test("scripts are cut out, linked data stays", () => {
  const html = `a<script src="x"></script>b<script type="application/ld+json">{}</script><SCRIPT>c</SCRIPT >d<script>e`;
  expect(withoutScripts(html)).toBe(`ab<script type="application/ld+json">{}</script>d`);
});

test("a title, however long, is no part of the text", () => {
  expect(streamText(`<title>${"T".repeat(5_000)}</title><p>Words</p>`, 1_000)).toBe("Words");
});
