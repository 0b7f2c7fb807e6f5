import { expect, test } from "vitest";
import { foldText, foldWords } from "./fold-text.ts";

test.each([
  ["  José   Müller ", "jose muller"],
  ["Strauß & Søn", "strauss son"],
  ["O'Brien–Smith", "obrien smith"],
  ["Łukasz Œuvre", "lukasz oeuvre"],
  ["Чайковский Пётр", "chaikovskii petr"],
  ["Παπαδόπουλος", "papadopoulos"],
  ["ＡＣＭＥ", "acme"],
  ["株式会社", "株式会社"],
  ["…", ""],
])("%s", (text, folded) => {
  expect(foldText(text)).toBe(folded);
});

test("nothing has no words", () => {
  expect(foldWords(" - ")).toEqual([]);
});
