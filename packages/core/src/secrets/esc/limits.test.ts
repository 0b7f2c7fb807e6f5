import { expect, test } from "vitest";
import { toWire } from "./to-wire.ts";
import { evaluateText } from "./testing/evaluate-text.ts";

const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));

/** Each of 26 values made of the one before, twice or more. */
function bomb(first: string, next: (before: string) => string): string {
  const lines = letters.map((letter, index) => `  ${letter}: ${index === 0 ? first : next(letters[index - 1] ?? "")}`);
  return `values:\n${lines.join("\n")}\n`;
}

test.for([
  ["interpolation", bomb("xxxxxxxxxxxxxxxx", (before) => `\${${before}}\${${before}}`), "of text"],
  ["lists", bomb("[x]", (before) => `["\${${before}}", "\${${before}}"]`), "values"],
  ["objects", bomb("{ x: y }", (before) => `{ one: "\${${before}}", two: "\${${before}}" }`), "values"],
  ["JSON", bomb("xxxxxxxx", (before) => `{ fn::toJSON: ["\${${before}}", "\${${before}}"] }`), "of text"],
  ["joins", bomb("xxxxxxxx", (before) => `{ fn::join: ["", ["\${${before}}", "\${${before}}"]] }`), "of text"],
  ["concatenations", bomb("[x]", (before) => `{ fn::concat: ["\${${before}}", "\${${before}}"] }`), "values"],
  ["quotes in quotes", bomb('["\\"\\""]', (before) => `["\${${before}}"]`) + '  zz: "=${z}"\n', "of text"],
] as const)("a bomb of %s is refused with a position", async ([, source, what]) => {
  const startedAt = performance.now();
  const { evaluation } = await evaluateText(source, { limits: { nodes: 100_000, textBytes: 1_000_000 } });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  const last = evaluation.diagnostics.at(-1);
  expect(last?.summary).toContain(what);
  expect(last?.range?.begin.line).toBeGreaterThan(1);
  expect(last?.path).toMatch(/^values\./);
});

test("imports that each import the next one twice are not merged without end", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `e${index}`);
  const environments = Object.fromEntries(
    names.map((name, index) => [name, `imports: [e${index + 1}, e${index + 1}]\nvalues: { k${index}: 1 }\n`]),
  );
  environments["e40"] = "values: { last: 1 }\n";
  const { evaluation } = await evaluateText("imports: [e0]\nvalues: { a: 1 }\n", {
    environments,
    limits: { nodes: 100_000 },
  });
  const last = evaluation.diagnostics.at(-1);
  expect(last?.summary).toContain("values");
  expect(last?.range?.environment).toMatch(/^e\d+$/);
});

test("nesting is refused where it goes too deep, in the text, in JSON and in what is put together", async () => {
  const deepText = await evaluateText(`values: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`);
  expect(deepText.evaluation.diagnostics).toMatchObject([
    { summary: "the definition is nested more than 200 levels deep", range: { begin: { line: 1, column: 208 } } },
  ]);
  const json = `${"[".repeat(300)}${"]".repeat(300)}`;
  const deepJson = await evaluateText(`values:\n  a: { fn::fromJSON: '${json}' }\n`);
  expect(deepJson.problems).toEqual(["error values.a: values are nested more than 200 levels deep"]);
  const deeper = Array.from({ length: 400 }, (_, index) => `  v${index}: ["\${v${index + 1}}"]\n`).join("");
  const deepValues = await evaluateText(`values:\n${deeper}  v400: end\n`);
  expect(deepValues.evaluation.diagnostics.at(-1)).toMatchObject({
    summary: "values are nested more than 200 levels deep",
    range: { environment: "root" },
  });
});

test("a long row of references is followed to its end", async () => {
  const row = Array.from({ length: 5_000 }, (_, index) => `  v${index}: \${v${index + 1}}\n`).join("");
  const { revealed, problems } = await evaluateText(`values:\n${row}  v5000: end\n`);
  expect(problems).toEqual([]);
  expect(revealed).toMatchObject({ v0: "end", v4999: "end" });
});

test("a thousand imports, one in the other or side by side, are read in a moment", async () => {
  const deep = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, index) => [
      `e${index}`,
      `${index < 999 ? `imports: [e${index + 1}]\n` : ""}values: { own${index}: ${index}, same: { at: ${index} } }\n`,
    ]),
  );
  const first = await evaluateText("imports: [e0]\nvalues: { a: '${own999}' }\n", { environments: deep });
  expect(first.problems).toEqual([]);
  expect(first.revealed).toMatchObject({ a: 999, own500: 500, same: { at: 0 } });
  expect(first.evaluation.environment?.exprs.size).toBe(1);
  const names = Object.keys(deep).slice(0, 999);
  const wide = Object.fromEntries(names.map((name, index) => [name, `values: { own${index}: 1, same: ${index} }\n`]));
  const second = await evaluateText(`imports: [${names.join(", ")}]\nvalues: { a: 1 }\n`, { environments: wide });
  expect(second.problems).toEqual([]);
  expect(second.revealed).toMatchObject({ own0: 1, own998: 1, same: 998 });
  const refused = await evaluateText("imports: [e0]\nvalues: { a: 1 }\n", {
    environments: deep,
    limits: { environments: 100 },
  });
  expect(refused.evaluation.diagnostics.at(-1)).toMatchObject({
    summary: "more than 100 environments are imported",
    range: { environment: "e98", begin: { line: 1 } },
  });
});

test("a pattern that backtracks without end holds nobody up", async () => {
  const { problems } = await evaluateText(`
values:
  a: { fn::validate: { schema: { type: string, pattern: "^(a+)+$" }, value: ${"a".repeat(40)}! } }
`);
  expect(problems).toEqual(['error values.a["fn::validate"].value: the pattern takes too long to match']);
});

test("a definition that is too long is not read", async () => {
  const { problems } = await evaluateText("values: { a: 1 }\n", { limits: { sourceBytes: 10 } });
  expect(problems).toEqual(["error : the definition is longer than 10 bytes"]);
});

test("overrides of overrides are written out only as far as they can be", async () => {
  const nested = (index: number): string => `a: { b: { c: { d: ${index}, own${index}: 1 } } }`;
  const chain = (length: number): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length }, (_, index) => [
        `e${index}`,
        `${index + 1 < length ? `imports: [e${index + 1}]\n` : ""}values: { ${nested(index)} }\n`,
      ]),
    );
  for (const [length, hasBases] of [
    [5, true],
    [400, false],
  ] as const) {
    const { evaluation } = await evaluateText(`imports: [e0]\nvalues: { ${nested(-1)} }\n`, {
      environments: chain(length),
    });
    const { environment } = evaluation;
    expect(environment?.properties.get("a")?.trace.base).toBeDefined();
    const json = JSON.stringify(environment && toWire(environment));
    expect(json.includes('"base":')).toBe(hasBases);
    expect(json.length).toBeLessThan(5_000_000);
  }
});
