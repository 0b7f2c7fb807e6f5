import { expect, test } from "vitest";
import { decodeYaml } from "./decode-yaml.ts";
import type { SyntaxNode } from "./syntax-node.ts";

/** `path begin-end` of every node, with bytes. */
function places(source: string): string[] {
  const { node, diagnostics } = decodeYaml("e", source, 100);
  expect(diagnostics).toEqual([]);
  return node === undefined ? [] : [...walk(node)];
}

function* walk(node: SyntaxNode): Generator<string> {
  const { range, path } = node.syntax;
  const show = ({ line, column, byte }: { line: number; column: number; byte: number }): string =>
    `${line}:${column}@${byte}`;
  if (range) yield `${path || "."} ${show(range.begin)}-${show(range.end)}`;
  if (node.kind === "array") for (const element of node.elements) yield* walk(element);
  if (node.kind === "object") for (const { value } of node.entries) yield* walk(value);
}

test("scalars end where their text does: quotes, folding and tags are counted as ESC counts them", () => {
  const source = `plain: two words
quoted: "with \\"quotes\\""
folded: one
  line
literal: |
  ab
  cde
tail: |-
  x
tagged: !!str 5
anchored: &name v
empty:
`;
  expect(places(source)).toEqual([
    ". 1:1@0-12:7@137",
    "plain 1:8@7-1:17@16",
    "quoted 2:9@25-2:22@38",
    "folded 3:9@51-3:17@59",
    "literal 5:10@71-7:10@87",
    "tail 8:7@90-8:8@91",
    "tagged 10:9@105-10:16@112",
    "anchored 11:11@123-11:12@124",
    "empty 12:7@137-12:7@137",
  ]);
});

test("columns count characters, bytes count UTF-8, with CR LF too", () => {
  expect(places("é: 日本\nb: ü\n")).toEqual([". 1:1@0-2:6@16", '["é"] 1:4@4-1:10@10', "b 2:4@14-2:6@16"]);
  expect(places("a: b\r\nc:\r\n  - d\r\n")).toEqual([
    ". 1:1@0-3:6@15",
    "a 1:4@3-1:5@4",
    "c 3:3@12-3:6@15",
    "c[0] 3:5@14-3:6@15",
  ]);
});

test("the last line has no bytes when no line feed ends it", () => {
  expect(places("a: 1\nb: 2")).toEqual([". 1:1@0-2:5@0", "a 1:4@3-1:5@4", "b 2:4@0-2:5@0"]);
});

test("collections end with their last part, whatever closes them", () => {
  expect(places("a: { b: [1, 2] , c: }\nd: []\n")).toEqual([
    ". 1:1@0-2:4@25",
    "a 1:4@3-1:21@20",
    "a.b 1:9@8-1:14@13",
    "a.b[0] 1:10@9-1:11@10",
    "a.b[1] 1:13@12-1:14@13",
    "a.c 1:21@20-1:21@20",
    "d 2:4@25-2:4@25",
  ]);
});

test.for([
  ["a: &x 1\nb: *x\n", "alias nodes are not supported"],
  ["1: a\n", "mapping keys must be strings"],
  ["a: !!int x\n", "yaml: cannot decode !!str `x` as a !!int"],
  ["a: *x\n", "yaml: unknown anchor 'x' referenced"],
  ["a: b: c\n", "yaml: mapping values are not allowed in this context"],
  ["a: 1\nb: [c\n", "yaml: line 1: did not find expected ',' or ']'"],
  ["a: 1\nb: 'c\n", "yaml: line 2: found unexpected end of stream"],
  ["a: 1\nb\n", "yaml: line 2: could not find expected ':'"],
  ["a: 1\n\tb: 2\n", "yaml: line 2: found character that cannot start any token"],
  ["a: \u0007\n", "yaml: control characters are not allowed"],
] as const)("%j: %s", ([source, summary]) => {
  expect(decodeYaml("e", source, 100).diagnostics.map((diagnostic) => diagnostic.summary)).toEqual([summary]);
});

test("only the first document counts", () => {
  expect(places("a: 1\n---\nb: 2\n")).toEqual([". 1:1@0-1:5@4", "a 1:4@3-1:5@4"]);
});
