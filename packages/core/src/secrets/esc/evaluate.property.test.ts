import fc from "fast-check";
import { expect, test } from "vitest";
import type { EscValue } from "./value.ts";
import { toWire } from "./to-wire.ts";
import { canary, definitions } from "./testing/definitions.ts";
import { evaluateText } from "./testing/evaluate-text.ts";

const limits = { nodes: 20_000, textBytes: 200_000 };
const modes = ["open", "check", "rotate"] as const;

/** Every text in a value that is not part of something secret. */
function* openTexts({ value, secret }: EscValue): Generator<string> {
  if (secret) return;
  if (typeof value === "string") yield value;
  if (Array.isArray(value)) for (const item of value as readonly EscValue[]) yield* openTexts(item);
  if (value instanceof Map) {
    for (const [key, item] of value as ReadonlyMap<string, EscValue>) {
      yield key;
      yield* openTexts(item);
    }
  }
}

function showsCanary(text: string): boolean {
  return text.includes(canary) || Buffer.from(text, "base64").toString().includes(canary);
}

test("evaluation never turns a secret into a non-secret, and never quotes one", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(definitions, fc.constantFrom(...modes), async ({ source, environments }, mode) => {
      const { evaluation } = await evaluateText(source, { environments, mode, limits });
      expect(evaluation.diagnostics.filter(({ summary }) => showsCanary(summary))).toEqual([]);
      const { environment } = evaluation;
      if (environment === undefined) return;
      const leaks = [...environment.properties.values()].flatMap((value) => [...openTexts(value)].filter(showsCanary));
      expect(leaks).toEqual([]);
      expect(JSON.stringify(toWire(environment, { redact: true }))).not.toContain(canary);
    }),
    { numRuns: 150 },
  );
});

test("evaluation comes to the same every time", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(definitions, fc.constantFrom(...modes), async ({ source, environments }, mode) => {
      const [first, second] = await Promise.all([1, 2].map(() => evaluateText(source, { environments, mode, limits })));
      const wires = [first, second].map((result) => {
        const { environment, diagnostics } = result?.evaluation ?? { diagnostics: [] };
        return JSON.stringify([environment && toWire(environment), diagnostics]);
      });
      expect(wires[0]).toBe(wires[1]);
    }),
    { numRuns: 50 },
  );
});

test("evaluation ends with an answer for any text", { timeout: 60_000 }, async () => {
  const scrap = fc.constantFrom(
    ..."values:|imports:|  |\n|- |a|b: |${|}|.|[|]|{|\"|'|&x |*x|!!int |fn::|secret: |toJSON: |# |\t|>\n|<<: |? |0x1|é".split(
      "|",
    ),
  );
  const anyText = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(scrap, { maxLength: 40 }).map((parts) => `values:\n  a: ${parts.join("")}`),
    fc.array(scrap, { maxLength: 40 }).map((parts) => parts.join("")),
    fc.tuple(definitions, fc.nat(), fc.string()).map(([{ source }, at, noise]) => {
      const offset = at % (source.length + 1);
      return source.slice(0, offset) + noise + source.slice(offset + noise.length);
    }),
  );
  await fc.assert(
    fc.asyncProperty(anyText, fc.constantFrom(...modes), async (source, mode) => {
      const { evaluation } = await evaluateText(source, { mode, limits });
      expect(Array.isArray(evaluation.diagnostics)).toBe(true);
      if (evaluation.environment !== undefined) JSON.stringify(toWire(evaluation.environment));
    }),
    { numRuns: 300 },
  );
});
