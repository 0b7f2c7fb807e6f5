import { expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { emptyRange } from "./range.ts";
import type { Rotator } from "./surroundings.ts";
import { simpleSurroundings } from "./testing/simple-surroundings.ts";
import { evaluateText } from "./testing/evaluate-text.ts";

test("values refer to each other in any order, by every form of path", async () => {
  const { revealed, problems } = await evaluateText(`
values:
  last: \${list[1]["a key"]}-\${first}
  first: \${["a b"].c}
  a b: { c: [x, 1.50, true, null] }
  list: [0, { a key: deep }]
  text: "$\${first} is \${list} of $5"
`);
  expect(problems).toEqual([]);
  expect(revealed).toEqual({
    "a b": { c: ["x", 1.5, true, null] },
    first: ["x", 1.5, true, null],
    last: 'deep-"x","1.5","true",""',
    list: [0, { "a key": "deep" }],
    text: '${first} is "0","\\"a key\\"=\\"deep\\"" of $5',
  });
});

test("imports merge in their order, own values last; lists and scalars replace, objects merge", async () => {
  const { revealed } = await evaluateText(
    `
imports: [a, b, { c: { merge: false } }]
values:
  object: { own: "\${object.fromA}", z: "\${imports.c.only}" }
`,
    {
      environments: {
        a: "values:\n  object: { fromA: 1, list: [1, 2] }\n  scalar: a\n",
        b: "values:\n  object: { list: [3] }\n  scalar: { now: an object }\n",
        c: "values: { only: reference }\n",
      },
    },
  );
  expect(revealed).toEqual({
    object: { fromA: 1, list: [3], own: 1, z: "reference" },
    scalar: { now: "an object" },
  });
});

test("a secret stays one through every builtin, and alone when it is read out of one", async () => {
  const { redacted, revealed, problems } = await evaluateText(`
values:
  s: { fn::secret: "a,b" }
  joined: { fn::join: ["-", [x, "\${s}"]] }
  coded: { fn::toBase64: "\${s}" }
  decoded: { fn::fromBase64: "\${coded}" }
  json: { fn::toJSON: { deep: ["\${s}"] } }
  parsed: { fn::fromJSON: "\${json}" }
  one: \${parsed.deep[0]}
  parts: { fn::split: [",", "\${s}"] }
  part: \${parts[1]}
  both: { fn::concat: [["open"], "\${parts}"] }
  open: \${both[0]}
  closed: \${both[2]}
  final: { fn::final: { secret: "\${s}", plain: seen } }
  plain: \${final.plain}
  string: { fn::toString: { k: "\${s}" } }
`);
  expect(problems).toEqual([]);
  const secret = "[secret]";
  expect(redacted).toEqual({
    s: secret,
    joined: secret,
    coded: secret,
    decoded: secret,
    json: secret,
    parsed: secret,
    one: secret,
    parts: secret,
    part: secret,
    both: secret,
    open: "open",
    closed: secret,
    final: secret,
    plain: "seen",
    string: secret,
  });
  expect(revealed).toMatchObject({ part: "b", closed: "b", one: "a,b", decoded: "a,b", string: '"k"="a,b"' });
});

test("what is not to be known yet stays unknown, and says so wherever it goes", async () => {
  const source = `
values:
  opened: { fn::open::test: { a: 1 } }
  a: \${opened.a.b}
  text: "x\${opened.a}"
  sealed: { fn::secret: { ciphertext: ZXNjeAAAAAHo9e705fKyPtxVoQ== } }
`;
  const checked = await evaluateText(source, { mode: "check" });
  expect(checked.redacted).toEqual({ a: "[unknown]", opened: "[unknown]", sealed: "[secret]", text: "[unknown]" });
  const opened = await evaluateText(source);
  expect(opened.problems).toContain("error values.a: receiver must be an array or an object");
  expect(opened.revealed).toMatchObject({ text: "x1" });
});

test("mistakes are told with their place, and the rest is evaluated", async () => {
  const { evaluation, problems, revealed } = await evaluateText(`
description: [no]
value: {}
values:
  name: x
  bad: \${nam}
  again: 1
  cycle: { a: "\${cycle.b}", b: "\${cycle.a}" }
  fn::toJSON: 1
  two: { fn::toJSON: 1, other: 2 }
  unknown: { fn::nothing: 1 }
  wrong: { fn::join: [",", [1]] }
  context: reserved
`);
  expect(problems).toEqual([
    "error description: description must be a string",
    "warning value: Field 'value' does not exist on Object 'environment'. Existing fields are: 'values', 'imports', 'description'",
    'error values["fn::toJSON"]: builtin function call "fn::toJSON" not allowed at the top level',
    'error values.two: illegal call to builtin function: "fn::toJSON" must be the only key within its containing object',
    "error values.unknown: 'fn::' is a reserved prefix",
    'error values.context: "context" is a reserved key',
    'error values.bad: unknown property "nam"; did you mean "name"?',
    "error values.cycle.a: cyclic reference to cycle.a",
    'error values.wrong["fn::join"][1][0]: expected string, got number',
  ]);
  const bad = evaluation.diagnostics.find(({ path }) => path === "values.bad");
  expect(bad?.range).toEqual({
    environment: "root",
    begin: { line: 6, column: 10, byte: 56 },
    end: { line: 6, column: 13, byte: 59 },
  });
  expect(revealed).toMatchObject({ name: "x", again: 1, bad: "[unknown]" });
});

test("keys of JavaScript's own are keys like any other", async () => {
  const { revealed, problems } = await evaluateText(`
values:
  __proto__: { polluted: yes }
  constructor: c
  toString: \${__proto__.polluted}
  json: { fn::toJSON: { __proto__: 1 } }
  back: { fn::fromJSON: '{"__proto__": {"hasOwnProperty": 2}}' }
`);
  expect(problems).toEqual([]);
  expect(JSON.stringify(revealed)).toBe(
    '{"__proto__":{"polluted":"yes"},"back":{"__proto__":{"hasOwnProperty":2}},"constructor":"c","json":"{\\"__proto__\\":1}","toString":"yes"}',
  );
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test("an environment is loaded once, a cycle of imports is told, a missing one too", async () => {
  const environments = { a: "imports: [b]\nvalues: { a: 1 }\n", b: "imports: [root, a]\nvalues: { b: 2 }\n" };
  const { problems, revealed } = await evaluateText("imports: [a, b, nowhere]\nvalues: { c: 3 }\n", { environments });
  expect(problems).toEqual([
    "error imports[0]: cyclic import of root",
    "error imports[1]: cyclic import of a",
    "error imports[2]: There is no environment nowhere.",
  ]);
  expect(revealed).toEqual({ a: 1, b: 2, c: 3 });
});

test("rotation runs the rotators that it is asked for, and hands back their state", async () => {
  const source = `
values:
  one: { fn::rotate::swap: { inputs: {}, state: { a: x, b: { fn::secret: y } } } }
  two: { fn::rotate: { provider: echo, inputs: { next: n }, state: null } }
`;
  const { evaluation, revealed } = await evaluateText(source, { mode: "rotate", rotatePaths: ["one"] });
  expect(evaluation.patches.map(({ documentPath }) => documentPath)).toEqual(['values.one["fn::rotate::swap"].state']);
  expect(revealed).toMatchObject({ one: { a: "y", b: "x" } });
  const all = await evaluateText(source, { mode: "rotate" });
  expect(all.evaluation.rotations.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
  expect(all.revealed).toMatchObject({ two: { current: "n", previous: null } });
});

test("bytes that are no text come through base64 unharmed", async () => {
  const { revealed } = await evaluateText(`
values:
  raw: { fn::fromBase64: "/wD+gOKCrA==" }
  again: { fn::toBase64: "\${raw}" }
`);
  expect(revealed).toMatchObject({ again: "/wD+gOKCrA==" });
});

test("nothing at all, blanks and no YAML are told apart", async () => {
  expect((await evaluateText("")).evaluation).toMatchObject({ diagnostics: [] });
  expect((await evaluateText("# only a comment\n")).problems).toEqual(["error : environment must be an object"]);
  expect((await evaluateText("values: [\n")).problems).toEqual([
    "error : yaml: line 1: did not find expected node content",
  ]);
  expect((await evaluateText("values:\n  a: &x 1\n  b: *x\n")).problems).toEqual([
    "error values.b: alias nodes are not supported",
  ]);
});

test("a cancelled evaluation ends with a timeout, but hands over what a rotator has made", async () => {
  const surroundings = simpleSurroundings();
  const stopped = AbortSignal.abort();
  const options = { name: "root", mode: "open", surroundings, signal: stopped } as const;
  await expect(evaluate({ ...options, source: "values: { a: 1 }\n" })).rejects.toMatchObject({ kind: "timeout" });
  const controller = new AbortController();
  const rotator = {
    ...(surroundings.findRotator("swap") as Rotator),
    rotate: async () => {
      controller.abort();
      return { value: "new", trace: { def: emptyRange("") } };
    },
  };
  const { patches, diagnostics } = await evaluate({
    name: "root",
    source: "values:\n  a: { fn::rotate::swap: { inputs: {}, state: { a: x, b: y } } }\n  b: 1\n",
    mode: "rotate",
    surroundings: { ...surroundings, findRotator: () => rotator },
    signal: controller.signal,
  });
  expect(patches).toMatchObject([{ replacement: { value: "new" } }]);
  expect(diagnostics.at(-1)?.summary).toContain("evaluation ended before its time");
});

test("an object that fn::final or fn::validate passes on hides the keys below it, but for those that copy it", async () => {
  const below = "values:\n  final: { low: 1, x: { a: 1 } }\n  valid: { low: 1 }\n";
  const middle = `
imports: [below]
values:
  final: { fn::final: { high: 2, x: { b: 2 } } }
  valid: { fn::validate: { schema: true, value: { high: 2 } } }
  read: \${final.low}
  copy: \${valid}
`;
  const direct = await evaluateText(middle, { environments: { below } });
  expect(direct.problems).toEqual([]);
  expect(direct.revealed).toEqual({
    copy: { high: 2, low: 1 },
    final: { high: 2, x: { b: 2 } },
    read: 1,
    valid: { high: 2 },
  });
  const imported = await evaluateText("imports: [middle]\nvalues: { valid: { top: 3 } }\n", {
    environments: { below, middle },
  });
  expect(imported.revealed).toMatchObject({ valid: { high: 2, low: 1, top: 3 } });
});

test("a schema that is merged twice requires all of its properties", async () => {
  const { evaluation } = await evaluateText("imports: [a, b]\nvalues: { y: 1 }\n", {
    mode: "check",
    environments: { a: "values: { x: { fn::rotate::echo: { inputs: {} } } }\n", b: "values: { z: 1 }\n" },
  });
  expect(evaluation.environment?.schema.properties?.get("x")?.required).toEqual(["current", "previous"]);
});
