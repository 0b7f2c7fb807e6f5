import fc from "fast-check";
import { expect, test } from "vitest";
import { toNanoUsd, toUsd } from "./nano-usd.ts";

test("an amount in whole cents, or in prices per million tokens, survives the way there and back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 800_000_000 }), (cents) => toUsd(toNanoUsd(cents / 100)) === cents / 100),
    { numRuns: 2_000 },
  );
  expect(toNanoUsd(0.02 / 1_000_000)).toBe(20);
});

test("sums are exact to the cent where floating point is not", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 200 }), (cents) => {
      const nano = cents.reduce((sum, amount) => sum + toNanoUsd(amount / 100), 0);
      return toUsd(nano) === cents.reduce((sum, amount) => sum + amount, 0) / 100;
    }),
  );
  expect([0.1, 0.2].reduce((sum, cost) => sum + toNanoUsd(cost), 0)).toBe(toNanoUsd(0.3));
});

test("a sum beyond 2^53 nano-USD keeps its cents", () => {
  expect(toUsd("12345678901230000000")).toBe(12_345_678_901.23);
});

test.each([-0.01, Number.NaN, Number.POSITIVE_INFINITY, 1e10])("refuses %s", (costUsd) => {
  expect(() => toNanoUsd(costUsd)).toThrow(expect.objectContaining({ kind: "invalid_input" }) as Error);
});
