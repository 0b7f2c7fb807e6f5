import { expect, test } from "vitest";
import { decodeYaml } from "./decode-yaml.ts";

test.for([
  ["a: [x, ${b}]\n", "yaml: did not find expected ',' or ']'"],
  ["values:\n  a: [1,\n    ${c}]\n", "yaml: line 1: did not find expected ',' or ']'"],
  ["values:\n  a: { b: ${c}, d: e }\n", "yaml: line 1: did not find expected ',' or '}'"],
  ["values:\n  a: { b: c\n  d: e\n", "yaml: line 1: did not find expected ',' or '}'"],
  ["a: [}\n", "yaml: did not find expected node content"],
  ["values:\n  a: }\n", "yaml: line 1: did not find expected node content"],
  ["a: 1\nb: {\n", "yaml: line 2: did not find expected node content"],
  ["\n a: 1\n b: [x\n", "yaml: line 2: did not find expected ',' or ']'"],
  ["a: [b]]\n", "yaml: did not find expected key"],
  ["values:\n  - a\n  b: 1\n", "yaml: line 1: did not find expected '-' indicator"],
  ["values:\n  a: 1\n  - b\n", "yaml: line 1: did not find expected key"],
  ["values:\n  a:\n    b: 1\n   c: 2\n", "yaml: line 1: did not find expected key"],
  ['values:\n  a: "x"\n    b: 1\n', "yaml: line 1: did not find expected key"],
  ["values:\n  a: 1\n   b: 2\n", "yaml: line 3: mapping values are not allowed in this context"],
  ["imports:\n  - a\nvalues\n  a: 1\n", "yaml: line 3: could not find expected ':'"],
  ['a: "x\n', "yaml: line 2: found unexpected end of stream"],
  ['b: 1\na: "\\x4"\n', "yaml: line 2: did not find expected hexdecimal number"],
] as const)("%j: %s", ([source, summary]) => {
  expect(decodeYaml("e", source, 100).diagnostics).toEqual([{ severity: "error", summary }]);
});

test("a block scalar ends in a line feed only where the text has one", () => {
  const valueOf = (source: string): unknown => {
    const { node } = decodeYaml("e", source, 100);
    const value = node?.kind === "object" ? node.entries[0]?.value : undefined;
    return value?.kind === "string" ? value.value : undefined;
  };
  expect(valueOf("a: |\n  x")).toBe("x");
  expect(valueOf("a: |+\n  x")).toBe("x");
  expect(valueOf("a: >\n  x\n  y")).toBe("x y");
  expect(valueOf("a: |\n  x\n")).toBe("x\n");
  expect(valueOf("a: |\n  x\n  ")).toBe("x\n");
});
