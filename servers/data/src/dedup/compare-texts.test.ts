import { describe, expect, test } from "vitest";
import { compareTexts } from "./compare-texts.ts";
import { readFingerprint, withOwn } from "./fingerprint.ts";
import { makeSentences } from "./testing/make-sentences.ts";

const never = (_shingle: number): boolean => false;
const compare = (a: string, b: string, isCommon = never) =>
  compareTexts(withOwn(readFingerprint(a), isCommon), withOwn(readFingerprint(b), isCommon));

const sentences = makeSentences(200, 5);
const story = sentences.slice(0, 12).join(" ");
const weather = (town: string, figures: number[]) =>
  `Weather for ${town}: today a high of ${figures[0]} degrees with winds of ${figures[1]} miles an hour from the west, ` +
  `and a low of ${figures[2]} degrees overnight. Rain is likely, with a chance of ${figures[3]} percent in the afternoon ` +
  `and showers that end before midnight. Sunrise is at ${figures[4]} and the sun sets at ${figures[5]}. Have a fine day.`;

describe("copies", () => {
  test.each([
    ["cut", sentences.slice(0, 5).join(" ")],
    ["with another lead", [...sentences.slice(100, 102), ...sentences.slice(2, 12)].join(" ")],
    ["within a page", [...sentences.slice(110, 113), story, ...sentences.slice(120, 124)].join(" ")],
    ["in another order", [...sentences.slice(6, 12), ...sentences.slice(0, 6)].join(" ")],
    ["with one figure corrected", story.replace(/\d+/, "77")],
    [
      "with every eleventh word misread",
      story
        .split(" ")
        .map((word, index) => (index % 11 === 5 ? `${word}x` : word))
        .join(" "),
    ],
  ])("%s", (_, copy) => {
    expect(compare(story, copy).isDuplicate).toBe(true);
    expect(compare(copy, story).isDuplicate).toBe(true);
  });

  test("of a text too short for shingles", () => {
    expect(compare("Market closed", "market closed!").isDuplicate).toBe(true);
    expect(compare("Market closed", "Market open").isDuplicate).toBe(false);
  });
});

describe("not copies", () => {
  test("two of one form", () => {
    const paris = weather("Paris", [21, 12, 11, 30, 541, 2115]);
    const found = compare(paris, weather("London", [17, 18, 9, 60, 502, 2044]));
    expect(found.figures).toMatchObject({ apart: true });
    expect(found.isDuplicate).toBe(false);
    expect(compare(paris, weather("Paris", [21, 12, 11, 30, 541, 2116])).isDuplicate).toBe(true);
  });

  test("one text about two things", () => {
    const page = (name: string) =>
      sentences
        .slice(0, 6)
        .map((sentence, index) => (index % 2 === 0 ? `${name} ${sentence} ${name}` : sentence))
        .join(" ");
    expect(compare(page("Acmephone"), page("Zetaphone")).isDuplicate).toBe(false);
    expect(compare(page("Acmephone"), `${page("Acmephone")} ${sentences[50]}`).isDuplicate).toBe(true);
  });

  test.each([
    ["other stories", sentences.slice(20, 32).join(" ")],
    ["a page in the same frame", [...sentences.slice(0, 6), ...sentences.slice(40, 47)].join(" ")],
    ["a quotation", [...sentences.slice(40, 60), ...sentences.slice(0, 2)].join(" ")],
    ["nothing", ""],
  ])("%s", (_, other) => {
    expect(compare(story, other).isDuplicate).toBe(false);
  });

  test("short posts with one phrase in common", () => {
    const one =
      "Gunmen opened fire Monday at the crossing between the two towns, the rescue service said, and several were wounded.";
    const two =
      "Gunmen opened fire Monday at the cabinet building while ministers were meeting inside, officials said.";
    expect(compare(one, two).isDuplicate).toBe(false);
    expect(compare(one, one.replace("several were", "some were")).isDuplicate).toBe(true);
  });

  test("a digest that prints the first line", () => {
    expect(
      compare(sentences.slice(0, 2).join(" "), [...sentences.slice(60, 80), ...sentences.slice(0, 2)].join(" "))
        .isDuplicate,
    ).toBe(false);
  });

  test("pages that share only what is common", () => {
    const frame = sentences.slice(150, 160).join(" ");
    const common = new Set(readFingerprint(frame).distinct);
    const page = (from: number) => `${frame} ${sentences.slice(from, from + 3).join(" ")}`;
    expect(compare(page(0), page(3)).isDuplicate).toBe(true);
    expect(compare(page(0), page(3), (shingle) => common.has(shingle)).isDuplicate).toBe(false);
  });
});
