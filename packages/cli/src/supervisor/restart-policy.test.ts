import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultLimits, restartDelayMs } from "./restart-policy.ts";

test("the first restart is at once, later ones wait longer, none longer than the limit", () => {
  expect(restartDelayMs(1, defaultLimits, () => 1)).toBe(0);
  const delays = [2, 3, 4, 5, 6, 7, 8, 9, 10].map((crashes) => restartDelayMs(crashes, defaultLimits, () => 1));
  expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test("jitter stays between half of the delay and all of it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 5_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (crashes, random) => {
      const most = restartDelayMs(crashes, defaultLimits, () => 1);
      const delay = restartDelayMs(crashes, defaultLimits, () => random);
      expect(delay).toBeGreaterThanOrEqual(Math.floor(most / 2));
      expect(delay).toBeLessThanOrEqual(defaultLimits.maxDelayMs);
    }),
  );
});
