import { expect, test } from "vitest";
import { createProjection } from "./project-vector.ts";

function createVectors(count: number, dimension: number): Float32Array[] {
  let state = 7;
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: dimension }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32 - 0.5;
    }),
  );
}

function cosine(left: Float32Array, right: Float32Array): number {
  const product = left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
  return product / (Math.hypot(...left) * Math.hypot(...right));
}

test("short vectors lie to each other as the long ones do, the same at each start", () => {
  const [project, again] = [createProjection(1_024, 384), createProjection(1_024, 384)];
  const [first, ...others] = createVectors(60, 1_024);
  if (!first) throw new Error("no vectors");
  expect(project(first)).toEqual(again(first));
  expect(project(first)).toHaveLength(384);
  const errors = others.map((other, index) => {
    // From hardly alike to nearly the same.
    const mixed = other.map((value, at) => value * (1 - index / 60) + (first[at] ?? 0) * (index / 60));
    return cosine(project(first), project(mixed)) - cosine(first, mixed);
  });
  expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.16);
  expect(Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length)).toBeLessThan(0.05);
});
