import fc from "fast-check";
import { expect, test } from "vitest";
import { LatencySketch } from "./latency-sketch.ts";

test("nothing seen, nothing said", () => {
  expect(new LatencySketch().read()).toBeUndefined();
});

test("quantiles of steady samples are right to 20 %", () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 100_000 }), (ms) => {
      const sketch = new LatencySketch();
      for (let sample = 0; sample < 100; sample += 1) sketch.add(sample % 10 === 9 ? ms * 5 : ms);
      const { p50, p95 } = sketch.read()!;
      expect(p50 / ms).toBeGreaterThan(0.8);
      expect(p50 / ms).toBeLessThan(1.2);
      expect(p95 / (ms * 5)).toBeGreaterThan(0.8);
      expect(p95 / (ms * 5)).toBeLessThan(1.2);
    }),
  );
});

test("what was long ago is forgotten, and weights never overflow", () => {
  const sketch = new LatencySketch();
  for (let sample = 0; sample < 200_000; sample += 1) sketch.add(10);
  for (let sample = 0; sample < 400; sample += 1) sketch.add(1_000);
  expect(sketch.read()!.p50).toBeGreaterThan(800);
});
