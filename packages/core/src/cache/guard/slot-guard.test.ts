import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { findSlotDifference, readSlots } from "./slot-guard.ts";

interface Pair {
  slot?: string;
  left: string;
  right: string;
}

// Written for this test: questions that differ in one slot, and questions that differ in words alone.
const { nearMisses, paraphrases } = JSON.parse(
  readFileSync(new URL("question-pairs.json", import.meta.url), "utf8"),
) as { nearMisses: Pair[]; paraphrases: Pair[] };

const differ = (left: string, right: string) => findSlotDifference(readSlots(left), readSlots(right));

test("no near-miss passes, in either direction", () => {
  const passed = nearMisses.filter(
    ({ left, right }) => differ(left, right) === undefined || differ(right, left) === undefined,
  );
  expect(nearMisses.length).toBeGreaterThanOrEqual(200);
  expect(passed).toEqual([]);
});

test("other words for the same pass", () => {
  const lost = paraphrases.filter(({ left, right }) => differ(left, right) !== undefined);
  expect(lost.length, JSON.stringify(lost)).toBeLessThanOrEqual(paraphrases.length * 0.05);
});

test.each([
  ["two hours", "120 minutes"],
  ["a loan of $1,500,000", "a loan of 1.5 million dollars"],
  ["the 3rd of March", "March 3"],
  ["at 3 pm", "at 15:00"],
  ["half a day", "12 hours"],
  ["one week", "7 days"],
  ["twenty-five boxes", "25 boxes"],
  ["iPhone12 case", "iphone 12 case"],
])("%s is %s", (left, right) => {
  expect(differ(left, right)).toBeUndefined();
});

test.each([
  ["wait two hours", "wait two days", "number"],
  ["Python 3.10", "Python 3.1", "number"],
  ["order A-10293", "order A-10239", "code"],
  ["option A or C", "option B or C", "code"],
  ["call marta", "call greta", "name"],
  ["use tabs, not spaces", "use spaces, not tabs", "negation"],
  ["is it cheaper", "is it more expensive", "opposite"],
  ["open on monday", "open on friday", "kind"],
  ["why is it late", "when is it late", "question"],
  ["from Oslo to Rome", "from Rome to Oslo", "order"],
])("%s is not %s: %s", (left, right, slot) => {
  expect(differ(left, right)).toBe(slot);
});

test("a text is equal to itself, and comparing is symmetric", () => {
  const word = fc.constantFrom(
    "open",
    "not",
    "12",
    "Paris",
    "paris",
    "A-1",
    "the",
    "before",
    "monday",
    "東京",
    "x+y",
    "“q”",
  );
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.array(word, { maxLength: 8 }).map((words) => words.join(" ")),
  );
  fc.assert(
    fc.property(text, text, (left, right) => {
      expect(differ(left, left)).toBeUndefined();
      expect(differ(left, right) === undefined).toBe(differ(right, left) === undefined);
    }),
    { numRuns: 300 },
  );
});

test("a long text is read in reasonable time", () => {
  const long = "Why does 12 o'clock not strike twice on Monday? ".repeat(80);
  const started = performance.now();
  expect(differ(long, `${long} No.`)).toBe("negation");
  expect(performance.now() - started).toBeLessThan(2_000);
});
