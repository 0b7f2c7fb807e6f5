import fc from "fast-check";
import { expect, test } from "vitest";
import { toQueryWords, toSearchWords } from "./search-words.ts";

test("folds case, accents and width, and cuts scripts without spaces into pairs", () => {
  expect(toSearchWords("Crème BRÛLÉE, Ｆｕｌｌ-width!")).toBe("creme brulee full width");
  expect(toSearchWords("東京都 is big")).toBe("東京 京都 is big");
  expect(toSearchWords("й и Й")).toBe("й и й");
});

test("a query keeps telling words, or all when there are no others", () => {
  expect(toQueryWords("What is the price of Gold, gold?")).toEqual(["price", "gold"]);
  expect(toQueryWords("the who")).toEqual(["the", "who"]);
  expect(toQueryWords("?!")).toEqual([]);
  expect(toQueryWords(Array.from({ length: 100 }, (_, index) => `w${index}`).join(" "))).toHaveLength(32);
});

test("no input makes anything but letters, digits and single spaces", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(toSearchWords(text)).toMatch(/^(?:[\p{L}\p{M}\p{N}]+(?: [\p{L}\p{M}\p{N}]+)*)?$/u);
    }),
  );
});
