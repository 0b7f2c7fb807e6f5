import { expect, test } from "vitest";
import { meanDiscrepancy } from "./mean-discrepancy.ts";
import { createRandom } from "./seeded-random.ts";

function cloud(seed: number, count: number, shift: number): Float32Array[] {
  const random = createRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: 8 }, (_, index) => normal() + (index === 0 ? 2 + shift : 0)),
  );
}

test("the same cloud is the same, a shifted one is found", () => {
  const reference = cloud(1, 120, 0);
  expect(meanDiscrepancy(reference, cloud(2, 120, 0), { seed: 5 }).pValue).toBeGreaterThan(0.05);
  const shifted = meanDiscrepancy(reference, cloud(3, 120, 1.2), { seed: 5 });
  expect(shifted.pValue).toBeLessThanOrEqual(0.01);
  expect(shifted.squared).toBeGreaterThan(0.01);
  expect(shifted.centroidDistance).toBeGreaterThanOrEqual(0);
});

test("false alarms keep their level, and the seed alone decides", () => {
  const run = (seed: number) =>
    meanDiscrepancy(cloud(seed, 30, 0), cloud(seed + 500, 30, 0), { seed, permutations: 99 });
  const alarms = Array.from({ length: 60 }, (_, index) => run(index + 10).pValue <= 0.05).filter(Boolean);
  expect(alarms.length).toBeLessThanOrEqual(8);
  expect(run(42)).toEqual(run(42));
});

test("a width of zero and empty sides do no harm", () => {
  const same = Array.from({ length: 5 }, () => Float32Array.of(1, 0));
  expect(meanDiscrepancy(same, same, { seed: 1 }).pValue).toBe(1);
  expect(meanDiscrepancy([], same, { seed: 1 })).toEqual({ squared: 0, pValue: 1, centroidDistance: 0 });
  const opposite = meanDiscrepancy(
    same,
    same.map(() => Float32Array.of(-1, 0)),
    { seed: 1 },
  );
  expect(opposite.centroidDistance).toBeCloseTo(2, 12);
});
