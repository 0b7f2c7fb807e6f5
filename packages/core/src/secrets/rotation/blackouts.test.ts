import fc from "fast-check";
import { expect, test } from "vitest";
import { endOfBlackout, jitterOf } from "./blackouts.ts";
import { testTarget } from "./testing/rotation-bench.ts";

const at = (text: string): number => Date.parse(text);
const office = { days: [1, 2, 3, 4, 5], from: "08:00", to: "18:00", timezone: "Europe/Berlin" };

test.each([
  ["2026-01-05T06:59:59Z", "2026-01-05T06:59:59Z", "a second before it"],
  ["2026-01-05T07:00:00Z", "2026-01-05T17:00:00Z", "at its first moment"],
  ["2026-07-06T06:00:00Z", "2026-07-06T16:00:00Z", "in summer time"],
  ["2026-01-03T12:00:00Z", "2026-01-03T12:00:00Z", "on a Saturday"],
])("%s may run at %s: %s", (time, expected) => {
  expect(endOfBlackout([office], at(time))).toBe(at(expected));
});

test("a window past midnight belongs to the day on which it began", () => {
  const night = { days: [5], from: "22:00", to: "04:00" };
  expect(endOfBlackout([night], at("2026-01-09T23:00:00Z"))).toBe(at("2026-01-10T04:00:00Z"));
  expect(endOfBlackout([night], at("2026-01-10T03:59:00Z"))).toBe(at("2026-01-10T04:00:00Z"));
  expect(endOfBlackout([night], at("2026-01-09T03:00:00Z"))).toBe(at("2026-01-09T03:00:00Z"));
});

test("windows that follow each other are one, and windows without end are refused", () => {
  const windows = [
    { from: "08:00", to: "12:00" },
    { from: "12:00", to: "14:30" },
  ];
  expect(endOfBlackout(windows, at("2026-01-05T09:15:30Z"))).toBe(at("2026-01-05T14:30:00Z"));
  expect(() => endOfBlackout([{ from: "00:00", to: "24:00" }], at("2026-01-05T09:00:00Z"))).toThrow("leave no time");
  expect(() => endOfBlackout([{ from: "8:00", to: "9:00" }], 0)).toThrow("HH:MM");
  expect(() => endOfBlackout([{ from: "08:00", to: "09:00", timezone: "Mars/Olympus" }], 0)).toThrow("time zone");
});

test("whatever the windows are, the answer lies in none of them and not before the question", () => {
  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map(([hour, minute]) => `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`);
  const window = fc.record({
    days: fc.subarray([0, 1, 2, 3, 4, 5], { minLength: 1 }),
    from: time,
    to: time,
    timezone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"),
  });
  const moment = fc.integer({ min: at("2026-01-01T00:00:00Z"), max: at("2027-01-01T00:00:00Z") });
  fc.assert(
    fc.property(fc.array(window, { maxLength: 4 }), moment, (windows, asked) => {
      const answer = endOfBlackout(windows, asked);
      expect(answer).toBeGreaterThanOrEqual(asked);
      expect(endOfBlackout(windows, answer)).toBe(answer);
    }),
  );
});

test("the jitter of a secret is always the same, and spread over the time there is", () => {
  const shares = Array.from({ length: 200 }, (_, index) => jitterOf({ ...testTarget, path: `a.b.c${index}` }, 1_000));
  expect(jitterOf(testTarget, 7_200_000)).toBe(jitterOf({ ...testTarget }, 7_200_000));
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...shares)).toBeLessThan(1_000);
  expect(new Set(shares.map((share) => Math.floor(share / 100))).size).toBe(10);
});
