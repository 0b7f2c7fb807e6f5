import { expect, test } from "vitest";
import { parseDate, toLanguageCode } from "./page-metadata.ts";

test.each([
  ["2026-11-20T08:30:00Z", "2026-11-20T08:30:00.000Z"],
  ["2026-11-20T08:30:00.123+0200", "2026-11-20T06:30:00.000Z"],
  ["2026-11-20 08:30", "2026-11-20T08:30:00.000Z"],
  ["2026/1/5", "2026-01-05T00:00:00.000Z"],
  ["20261120", "2026-11-20T00:00:00.000Z"],
  ["Fri, 20 Nov 2026 08:30:00 GMT", "2026-11-20T08:30:00.000Z"],
  ["November 20, 2026", "2026-11-20T00:00:00.000Z"],
])("%s is %s on every machine", (text, expected) => {
  expect(new Date(parseDate(text) ?? 0).toISOString()).toBe(expected);
});

test.each(["yesterday", "0001-01-01T00:00:00Z", "", "2026-13-45", "12:30"])("%j is no date", (text) => {
  expect(parseDate(text)).toBeNull();
});

test.each([
  ["en-US", "en"],
  ["PT_br", "pt"],
  [" de ", "de"],
  ["english", null],
  [null, null],
])("%j is the language %j", (text, code) => {
  expect(toLanguageCode(text)).toBe(code);
});
