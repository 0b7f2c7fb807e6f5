import fc from "fast-check";
import { expect, test } from "vitest";
import { cutPart } from "./cut-part.ts";

test("parts put together are the text, and none is too long or broken", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 400 }),
      fc.integer({ min: 10, max: 80 }),
      (text, maxLength) => {
        const parts: string[] = [];
        for (let offset: number | null = 0; offset !== null;) {
          const part = cutPart(text, offset, maxLength);
          expect(part.text.length).toBeLessThanOrEqual(maxLength + 1);
          expect(part.text.isWellFormed()).toBe(text.isWellFormed());
          parts.push(part.text);
          offset = part.nextOffset;
        }
        expect(parts.join("")).toBe(text);
      },
    ),
  );
});

test("cuts at a line or a word where one is near", () => {
  expect(cutPart("one two three four", 0, 15)).toEqual({ text: "one two three ", nextOffset: 14 });
  expect(cutPart("one two three\nfour", 0, 15)).toEqual({ text: "one two three\n", nextOffset: 14 });
});
