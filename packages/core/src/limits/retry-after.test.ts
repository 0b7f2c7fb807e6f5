import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

const wallMs = Date.parse("Mon, 05 Jan 2026 09:00:00 GMT");

test.each([
  ["2", 2_000],
  [" 2 ", 2_000],
  ["0.5", 500],
  ["60", 60_000],
  ["3600", 60_000],
  ["1000000000", 60_000],
  ["1e9", 60_000],
  ["1e999", 60_000],
  ["Mon, 05 Jan 2026 09:00:05 GMT", 5_000],
  ["Tue, 06 Jan 2026 09:00:00 GMT", 60_000],
  ["Mon, 05 Jan 2026 08:00:00 GMT", undefined],
  ["0", undefined],
  ["-1", undefined],
  ["", undefined],
  [undefined, undefined],
  ["soon", undefined],
  ["soon 5", undefined],
  ["2 seconds", undefined],
  ["NaN", undefined],
  ["Infinity", undefined],
  ["0x10", undefined],
])("fault 29: Retry-After %j means %j ms", (value, expected) => {
  expect(parseRetryAfter(value, { wallMs })).toBe(expected);
});

test("a date counts from the vendor's own clock, not from ours", () => {
  const date = "Mon, 05 Jan 2026 07:00:00 GMT";
  expect(parseRetryAfter("Mon, 05 Jan 2026 07:00:03 GMT", { wallMs, date })).toBe(3_000);
});

test("property: any text gives nothing or a pause of at most a minute", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const pauseMs = parseRetryAfter(value, { wallMs });
      expect(pauseMs === undefined || (pauseMs > 0 && pauseMs <= 60_000)).toBe(true);
    }),
  );
});
