import { expect, test } from "vitest";
import type { EscEnvironment } from "../esc/evaluation.ts";
import type { EscRepr, EscValue } from "../esc/value.ts";
import { compareLeaves } from "./compare-leaves.ts";
import { listLeaves } from "./list-leaves.ts";

const nowhere = { line: 0, column: 0, byte: 0 };
const trace = { def: { begin: nowhere, end: nowhere } };

function value(repr: EscRepr, flags: { secret?: boolean; unknown?: boolean } = {}): EscValue {
  return { value: repr, trace, ...flags };
}

function environment(properties: Record<string, EscValue>): EscEnvironment {
  const schema = { type: "object", properties: new Map([["later", { type: "string" }]]) };
  return {
    exprs: new Map(),
    properties: new Map(Object.entries(properties)),
    schema,
    executionContext: { properties: new Map(), schema },
  };
}

const first = environment({
  plain: value("a"),
  number: value({ number: "1.50" }),
  key: value("canary-one", { secret: true }),
  same: value("canary-same", { secret: true }),
  gone: value(true),
  turned: value("canary-turned"),
  later: value(null, { unknown: true, secret: true }),
  list: value([value("x"), value("y", { secret: true })]),
  inner: value(new Map([["__proto__", value("p")]])),
  sealed: value(new Map([["canary-name", value("v", { secret: true })]]), { secret: true }),
});
const second = environment({
  plain: value("b"),
  number: value({ number: "1.5" }),
  key: value("canary-two", { secret: true }),
  same: value("canary-same", { secret: true }),
  turned: value("canary-turned", { secret: true }),
  later: value("canary-later", { secret: true }),
  list: value([value("x"), value("y", { secret: true })]),
  inner: value(new Map([["__proto__", value("p")]])),
  fresh: value(null),
});

test("leaves are sorted, with types, and a secret is one leaf", () => {
  const rows = listLeaves(first).map(({ path, type, secret, unknown }) => ({ path, type, secret, unknown }));
  expect(rows.map(({ path }) => path)).toEqual(
    ["gone", "inner.__proto__", "key", "later", "list", "number", "plain", "same", "sealed", "turned"].toSorted(),
  );
  expect(rows.find(({ path }) => path === "later")).toMatchObject({ type: "string", secret: true, unknown: true });
  expect(rows.find(({ path }) => path === "list")).toMatchObject({ type: "list", secret: true });
  expect(listLeaves(first, { intoLists: true }).map(({ path }) => path)).toContain("list[1]");
});

test("differences by path, secrets by fingerprint only", () => {
  const differences = compareLeaves(listLeaves(first), listLeaves(second), (text) => `hash:${text.length}`);
  expect(Object.fromEntries(differences.map(({ path, change }) => [path, change]))).toEqual({
    fresh: "added",
    gone: "removed",
    "inner.__proto__": "same",
    key: "changed",
    later: "not known",
    list: "same",
    number: "changed",
    plain: "changed",
    same: "same",
    sealed: "removed",
    turned: "changed",
  });
  expect(differences.find(({ path }) => path === "plain")).toMatchObject({
    before: { text: '"a"' },
    after: { text: '"b"' },
  });
  expect(differences.find(({ path }) => path === "key")).toMatchObject({ before: { fingerprint: "hash:10" } });
  expect(JSON.stringify(differences)).not.toMatch(/canary/);
});
