import { evaluate } from "@sophia/core/secrets/esc/evaluate";
import { fromPlainData } from "@sophia/core/secrets/esc/from-plain";
import { recordSchema, stringSchema } from "@sophia/core/secrets/esc/schema/build-schema";
import type { Surroundings } from "@sophia/core/secrets/esc/surroundings";
import { toWire } from "@sophia/core/secrets/esc/to-wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDiagnostics, parseEnvironment } from "./parse-environment.ts";
import { parseWireJson, toPlain } from "./parse-wire-json.ts";

const crypter = {
  encrypt: (bytes: Uint8Array) => Promise.resolve(bytes),
  decrypt: (bytes: Uint8Array) => Promise.resolve(bytes),
};

const surroundings: Surroundings = {
  crypter,
  loadEnvironment: () =>
    Promise.resolve({ source: "values: { a: { b: { fn::secret: base } }, list: [1], n: 1 }", crypter }),
  findProvider: () => ({
    schema: () => ({ inputs: recordSchema(new Map()), outputs: recordSchema(new Map([["token", stringSchema()]])) }),
    open: () => Promise.resolve(fromPlainData({ token: "t" }, { secret: true })),
  }),
  findRotator: () => undefined,
  context: { pulumi: { user: { id: "u" } } },
};

const definitions = [
  "values: { a: 1, b: 12345678901234567890123, c: 1e400, d: -0.5, e: null, f: true, g: '', h: [], i: {} }",
  "imports: [base]\nvalues:\n  a: { b: over, c: '${a.b} and ${list[0]}' }\n  copy: ${n}\n  n: 2",
  "values:\n  a: { fn::toJSON: { x: [1, { y: '${b}' }] } }\n  b: { fn::fromJSON: { fn::secret: '{\"number\":\"1\"}' } }",
  "values:\n  a: { fn::open::test: {} }\n  b: ${a.token}\n  c: { fn::join: [',', ['x', '${b}']] }",
  'values: { "__proto__": { number: "1" }, value: { value: v, secret: s, trace: t }, constructor: x, number: "7" }',
  "values:\n  a: { fn::validate: { schema: { type: object, properties: { p: { type: number, maximum: 5 } } }, value: { p: 3 } } }",
];

async function wireOf(source: string, mode: "open" | "check"): Promise<string> {
  const { environment, diagnostics } = await evaluate({ name: "root", source, mode, surroundings });
  expect(diagnostics, source).toEqual([]);
  return JSON.stringify(environment && toWire(environment));
}

describe("an environment on the wire", () => {
  it.each(["open", "check"] as const)("is read whole, from %s", async (mode) => {
    for (const source of definitions) {
      const wire = await wireOf(source, mode);
      expect(wire.length).toBeGreaterThan(200);
      expect(JSON.stringify(toWire(parseEnvironment(parseWireJson(wire)))), source).toBe(wire);
    }
  });

  it("is read without an error whatever the answer holds", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const wire = parseWireJson(text);
        parseEnvironment(wire);
        parseDiagnostics(wire);
        expect(JSON.stringify(toPlain(wire))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it("tells a diagnostic without a severity for an error, as the official command line does", () => {
    const wire = parseWireJson('{"diagnostics":[{"summary":"a"},{"severity":"warning","summary":"b","path":"c"},7]}');
    expect(parseDiagnostics(wire)).toEqual([
      { severity: "error", summary: "a" },
      { severity: "warning", summary: "b", path: "c" },
    ]);
  });
});
