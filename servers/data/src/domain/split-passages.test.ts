import fc from "fast-check";
import { expect, test } from "vitest";
import { splitPassages } from "./split-passages.ts";

test("joins short paragraphs and cuts long ones at sentences", () => {
  const sentence = `${"word ".repeat(30).trim()}. `;
  const passages = splitPassages(`Heading\n\nShort one.\n\n${sentence.repeat(12)}`);
  expect(passages[0]).toMatch(/^Heading\nShort one\.\nword/);
  expect(passages.every((passage) => passage.endsWith("."))).toBe(true);
  expect(Math.max(...passages.map((passage) => passage.length))).toBeLessThanOrEqual(800);
});

test("loses nothing but white space, whatever the text", () => {
  const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 900 });
  const text = fc
    .array(fc.tuple(word, fc.constantFrom(" ", "\n\n", ". ", "。")), { maxLength: 60 })
    .map((parts) => parts.flat().join(""));
  fc.assert(
    fc.property(text, (given) => {
      const passages = splitPassages(given);
      expect(passages.join("").replace(/\s/gu, "")).toBe(given.replace(/\s/gu, ""));
      expect(
        passages.every((passage) => passage.length <= 1601 && passage.isWellFormed() === given.isWellFormed()),
      ).toBe(true);
    }),
    { numRuns: 60 },
  );
});
