import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readWords } from "./read-words.ts";

const hashOf = (text: string): string => readWords(text).textHash;

describe("what is folded", () => {
  test.each([
    ["case", "The Quick FOX", "the quick fox"],
    ["punctuation", "“Wait” — he said: no!", '"wait" - he said, no.'],
    ["space and lines", " one\n\n two\tthree ", "one two three"],
    ["accents", "Café Zürich señor", "cafe zurich senor"],
    ["decomposed letters", "Cafe\u0301", "café"],
    ["width and ligatures", "ＦＵＬＬ ﬁnal", "full final"],
    ["soft hyphens and zero-width characters", "de\u00ADdup\u200Blicate", "deduplicate"],
    ["commas within figures", "1,000,000 people", "1.000.000 people"],
    ["symbols", "well done 🎉🎉", "well done"],
  ])("%s", (_, one, other) => {
    expect(hashOf(one)).toBe(hashOf(other));
    expect(readWords(one).words).toEqual(readWords(other).words);
  });

  test.each([
    ["another word", "one two three", "one two four"],
    ["another order", "one two three", "three two one"],
    ["words run together", "one two", "onetwo"],
    ["another figure", "up 12.5 points", "up 12.6 points"],
    ["a sentence's comma is no figure's", "in 2024, 5 came", "in 20245 came"],
    ["another ideograph", "東京都", "東京市"],
  ])("not %s", (_, one, other) => {
    expect(hashOf(one)).not.toBe(hashOf(other));
  });
});

test("figures are marked", () => {
  expect([...readWords("The A320 rose 3.5 percent in May").figures]).toEqual([0, 1, 0, 1, 0, 0, 0]);
});

test("scripts without spaces are read by character, others by word", () => {
  expect(readWords("東京タワー").words).toHaveLength(5);
  expect(readWords("서울 타워").words).toHaveLength(2);
  expect(readWords("Привет мир").words).toHaveLength(2);
});

test("nothing to read", () => {
  expect(readWords("").words).toHaveLength(0);
  expect(readWords(" … 🎉 \u00AD").words).toHaveLength(0);
});

test("long texts and short ones use the same memory without mixing", () => {
  const long = "word ".repeat(30_000);
  const before = readWords("a short text");
  expect(readWords(long).words).toHaveLength(30_000);
  expect(readWords("a short text")).toEqual(before);
});

test("any text is read, the same way in capitals and with other spaces", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z0-9]{1,12}$/), { minLength: 1 }), (words) => {
      const { words: hashes, textHash } = readWords(words.join(" "));
      expect(hashes).toHaveLength(words.length);
      expect(hashOf(words.join(" \n ").toUpperCase())).toBe(textHash);
    }),
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => readWords(text).words.length <= text.length * 18));
});
