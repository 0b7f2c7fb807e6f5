import fc from "fast-check";
import { expect, test } from "vitest";
import { Parser } from "yaml";
import { isPlainBlock } from "./is-plain-block.ts";
import { createPositionIndex } from "./position-index.ts";
import { findYamlError } from "./yaml-error.ts";

function isPlain(source: string): boolean {
  return isPlainBlock(source, [...new Parser().parse(source)]);
}

test("definitions as they are stored are plain", () => {
  expect(
    isPlain(
      '# top\nvalues:\n  a: 1 # one\n  b:\n    fn::secret:\n      ciphertext: "eA=="\n  c:\n  - x\n  - y: |\n      z\n',
    ),
  ).toBe(true);
});

test("what is called plain has no errors", () => {
  const scrap = fc.constantFrom(
    ...'a:~ b~a: b\n~- ~- c\n~\n~  ~ ~    ~\'x\'~\'x~"y"~"\\q"~#c~ # c~|\n~>-\n~|2\n~{~}~[~]~,~&x ~*x~!t ~? ~: ~---\n~...\n~%Y~@~`~x y~\t~é~\r\n'.split(
      "~",
    ),
  );
  const texts = fc.oneof(
    fc.array(scrap, { maxLength: 14 }).map((parts) => parts.join("")),
    fc
      .array(
        fc.tuple(
          fc.constantFrom("", "  ", "    ", "   "),
          fc.constantFrom("a:", "b: c", "- d", "-", "e", "- f: g", "h: |", "'i': \"j\"", "# k", "l: 'm' # n", ""),
        ),
        { maxLength: 8 },
      )
      .map((lines) => lines.map((line) => line.join("")).join("\n")),
  );
  fc.assert(
    fc.property(texts, (source) => {
      const tokens = [...new Parser().parse(source)];
      fc.pre(isPlainBlock(source, tokens));
      expect(
        findYamlError(source, tokens, { positions: createPositionIndex(source), lastQuoteAt: undefined }),
      ).toBeUndefined();
    }),
    { numRuns: 500, maxSkipsPerRun: 1_000 },
  );
});
