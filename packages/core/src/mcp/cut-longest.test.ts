import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutLongest, type CutPart } from "./cut-longest.ts";

const rows = (count: number) => Array.from({ length: count }, (_, id) => ({ id, text: `row ${id}` }));

/** Puts the parts back where they were cut, inner ones first: they were cut last. */
function putBack(value: Record<string, unknown>, parts: readonly CutPart[]): Record<string, unknown> {
  const whole = structuredClone(value);
  for (const { field, items } of parts.toReversed()) {
    const path = field.split(".");
    const key = path.pop() ?? "";
    let holder = whole;
    for (const step of path) holder = holder[step] as Record<string, unknown>;
    const kept = holder[key];
    holder[key] = typeof kept === "string" ? kept + items.join("") : [...(kept as unknown[]), ...items];
  }
  return whole;
}

describe("cutLongest", () => {
  test.each<[name: string, output: Record<string, unknown>, preferred?: string]>([
    ["one list", { rows: rows(500) }, "rows"],
    ["two lists, the longer one first", { few: rows(100), many: rows(500) }],
    ["a preferred list that is not the longest", { few: rows(100), many: rows(400) }, "few"],
    ["a list inside an object", { page: { found: rows(500) }, count: 500 }],
    ["a list of one long text", { notes: ["n".repeat(20_000)] }],
    ["a preferred list of one row with a long text", { rows: [{ text: "t".repeat(20_000) }] }, "rows"],
    ["a text of quotes, which JSON makes twice as long", { text: '"'.repeat(20_000) }],
    ["a text of pairs of surrogates", { text: "👩‍🚀".repeat(4_000) }],
    ["a text whose start needs more escapes than its end", { text: `${"\u0001".repeat(900)}${"t".repeat(20_000)}` }],
    ["a text of control characters", { text: "\u0001".repeat(9_000) }],
  ])("%s", (_name, output, preferred) => {
    const { value, parts } = cutLongest(output, 2_000, preferred);
    expect(JSON.stringify(value).length).toBeLessThanOrEqual(2_000);
    expect(putBack(value, parts)).toEqual(output);
    expect(JSON.stringify(parts).isWellFormed()).toBe(true);
    expect(new Set(parts.map(({ field }) => field)).size).toBe(parts.length);
    if (preferred && (output[preferred] as unknown[]).length > 1) expect(parts[0]?.field).toBe(preferred);
  });

  test("keeps as much as fits", () => {
    expect(JSON.stringify(cutLongest({ rows: rows(500) }, 2_000, "rows").value).length).toBeGreaterThan(1_800);
    expect(JSON.stringify(cutLongest({ text: "t".repeat(9_000) }, 2_000, undefined).value).length).toBeGreaterThan(
      1_500,
    );
  });

  test("leaves its input as it was", () => {
    const output = { rows: rows(500) };
    cutLongest(output, 2_000, "rows");
    expect(output.rows).toHaveLength(500);
  });

  test("says so when there is nothing to cut", () => {
    const output = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`key${index}`, index]));
    expect(() => cutLongest(output, 2_000, undefined)).toThrow(
      expect.objectContaining({ kind: "internal", hint: "Ask for less at once." }),
    );
  });

  test("whatever is cut fits, and nothing is lost", () => {
    const text = fc.string({ unit: "binary", maxLength: 3_000 });
    const output = fc.record({
      title: text,
      rows: fc.array(fc.record({ id: fc.integer(), text }), { maxLength: 30 }),
      nested: fc.record({ words: fc.array(text, { maxLength: 20 }) }),
    });
    fc.assert(
      fc.property(output, fc.integer({ min: 1_500, max: 20_000 }), (whole, limit) => {
        const { value, parts } = cutLongest(whole, limit, "rows");
        expect(JSON.stringify(value).length).toBeLessThanOrEqual(limit);
        expect(putBack(value, parts)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });
});
