import { QuantileSketch } from "@sophia/core/statistics/quantile-sketch";
import { expect, test } from "vitest";
import type { UsageGroupSums } from "./read-usage.ts";
import { zeroCounts } from "./roll-up.ts";
import { computeSavings } from "./savings.ts";

function day(index: number, origin: string, [baseline, cost]: [number, number]): UsageGroupSums {
  const compared = origin !== "internal";
  const counts = {
    ...zeroCounts(),
    calls: 10,
    cost_nano_usd: cost * 1e9,
    baseline_calls: compared ? 10 : 0,
    baseline_nano_usd: baseline * 1e9,
    baseline_cost_nano_usd: compared ? cost * 1e9 : 0,
  };
  return { key: [String(index), origin], counts, latency: new QuantileSketch() };
}

test("what our own checks cost is taken off the saving", () => {
  const days = [day(0, "gateway", [10, 6]), day(1, "tool", [10, 5]), day(1, "internal", [0, 1])];
  expect(computeSavings(days)).toEqual({
    baselineUsd: 20,
    actualUsd: 12,
    savedUsd: 8,
    savedShare: 0.4,
    blocks: 2,
    comparedCalls: 20,
    totalCalls: 20,
  });
});

test("many days alike give a narrow interval, few or none give none", () => {
  const alike = Array.from({ length: 30 }, (_value, index) => day(index, "gateway", [10, 6 + (index % 3) / 10]));
  const { savedShare = 0, shareLower = 0, shareUpper = 0 } = computeSavings(alike) ?? {};
  expect(savedShare).toBeCloseTo(0.39, 10);
  expect(shareLower).toBeGreaterThan(0.385);
  expect(shareLower).toBeLessThan(0.39);
  expect(shareUpper).toBeLessThan(0.395);
  expect(computeSavings(alike.slice(0, 4))).not.toHaveProperty("shareLower");
  expect(computeSavings([day(0, "internal", [0, 3])])).toBeUndefined();
});
