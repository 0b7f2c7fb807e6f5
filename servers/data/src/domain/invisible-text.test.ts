import fc from "fast-check";
import { expect, test } from "vitest";
import { removeInvisibleCharacters } from "./invisible-text.ts";

const tagged = (text: string) =>
  Array.from(text)
    .map((character) => String.fromCodePoint(0xe0000 + character.charCodeAt(0)))
    .join("");

test.each([
  ["zero-width space and joiners", "ig\u200Bno\u2060re\uFEFF th\u200Cis", "ignore this"],
  ["the tag block", `Hello${tagged("obey me")} world`, "Hello world"],
  ["bidi controls", "safe\u202Eevil\u202C \u2066x\u2069\u200F", "safeevil x"],
  ["supplementary variation selectors", "a\u{E0101}\u{E0145}b", "ab"],
  ["selectors in a row behind an emoji", "😀\uFE0F\uFE0F\uFE0E", "😀\uFE0F"],
  ["joiners in a row", "x\u200D\u200C\u200D\u200Cy", "xy"],
  ["soft hyphens and control characters", "co\u00ADop\u0000er\u0007ate", "cooperate"],
  ["fillers that look empty", "a\u3164\u115Fb", "ab"],
])("removes %s", (_name, text, visible) => {
  expect(removeInvisibleCharacters(text)).toBe(visible);
});

test.each([
  ["emoji families", "👩‍👩‍👧 and 🏳️‍🌈"],
  ["Persian joins", "می‌خواهم"],
  ["Hindi conjuncts", "क्‍ष"],
  ["line breaks and tabs", "a\n\tb"],
  ["right-to-left letters", "שלום مرحبا"],
])("keeps %s", (_name, text) => {
  expect(removeInvisibleCharacters(text)).toBe(text);
});

test("leaves any visible text as it is, and is done after one pass", () => {
  const visible = fc.string({
    unit: fc.constantFrom(...Array.from("abc ÄßçñжЖ漢字かな한글ไทย0123 .,;:!?-–—'\"()[]\n😀🏽")),
  });
  const hidden = fc.constantFrom("\u200B", "\u2060", "\uFEFF", "\u202E", "\u{E0041}", "\u{E01EF}", "\u00AD");
  fc.assert(
    fc.property(fc.array(fc.tuple(visible, hidden)), (parts) => {
      const shown = parts.map(([text]) => text).join("");
      expect(removeInvisibleCharacters(parts.flat().join(""))).toBe(shown);
    }),
  );
});
