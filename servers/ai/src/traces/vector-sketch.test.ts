import { createRandom } from "@sophia/core/statistics/seeded-random";
import { expect, test } from "vitest";
import { readSketch, sketchVector } from "./vector-sketch.ts";

test("distances survive the projection, on average", () => {
  const random = createRandom(4);
  const vector = () => Float32Array.from({ length: 512 }, () => random() - 0.5);
  const ratios = Array.from({ length: 60 }, () => {
    const [a, b] = [vector(), vector()];
    const [sketchA, sketchB] = [readSketch(sketchVector(a)), readSketch(sketchVector(b))];
    return distance(sketchA, sketchB) / distance(a, b);
  });
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  expect(mean).toBeGreaterThan(0.9);
  expect(mean).toBeLessThan(1.1);
  expect(readSketch(sketchVector(vector()))).toHaveLength(16);
});

function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((value, index) => value - (b[index] ?? 0)));
}
