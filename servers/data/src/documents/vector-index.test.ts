import { pino } from "pino";
import { expect, test } from "vitest";
import { fromHalf, toHalf } from "./passage-vectors.ts";
import { createVectorIndex, loadGraphFactory } from "./vector-index.ts";

const dimension = 32;
/** A small deterministic generator: the same vectors on every run. */
function vectors(count: number): Float32Array[] {
  let state = 7;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff - 0.5;
  };
  return Array.from({ length: count }, () => {
    const vector = Float32Array.from({ length: dimension }, next);
    const norm = Math.hypot(...vector);
    return vector.map((value) => value / norm);
  });
}

async function settled(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !isDone(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test("an exact scan finds the nearest, within what is allowed", () => {
  const index = createVectorIndex({ dimension, createGraph: undefined });
  const all = vectors(200);
  for (const [id, vector] of all.entries()) index.add(id, vector);
  index.add(5, all[6] ?? new Float32Array(dimension));
  expect(index.size).toBe(200);
  const query = all[17] ?? new Float32Array(dimension);
  expect(index.search(query, 3)[0]).toMatchObject({ id: 17, score: expect.closeTo(1, 5) });
  expect(index.search(query, 500)).toHaveLength(200);
  expect(
    index
      .search(query, 3, new Set([4, 8]))
      .map(({ id }) => id)
      .toSorted((left, right) => left - right),
  ).toEqual([4, 8]);
});

test("beyond the limit a graph takes over between other work, and finds the same", async () => {
  const createGraph = await loadGraphFactory(pino({ level: "silent" }));
  expect(createGraph).toBeDefined();
  const exact = createVectorIndex({ dimension, createGraph: undefined });
  const index = createVectorIndex({ dimension, createGraph, exactLimit: 300 });
  const all = vectors(400);
  for (const [id, vector] of all.entries()) {
    exact.add(id, vector);
    index.add(id, vector);
  }
  expect(index.method).toBe("exact");
  expect(index.search(all[1] ?? new Float32Array(dimension), 1)[0]?.id).toBe(1);
  await settled(() => index.method === "usearch");
  expect({ method: index.method, size: index.size }).toEqual({ method: "usearch", size: 400 });
  index.add(1_000, all[0] ?? new Float32Array(dimension));
  expect(index.has(1_000)).toBe(true);
  let common = 0;
  for (const query of vectors(20)) {
    const expected = new Set(exact.search(query, 10).map(({ id }) => id));
    common += index.search(query, 10).filter(({ id }) => expected.has(id)).length;
  }
  expect(common).toBeGreaterThan(180);
  expect(index.search(all[9] ?? new Float32Array(dimension), 5, new Set([9, 10])).map(({ id }) => id)).toEqual([9, 10]);
});

test("half precision loses less than what separates two passages", () => {
  for (const vector of vectors(20)) {
    const back = fromHalf(toHalf(vector));
    expect(Math.max(...back.map((value, index) => Math.abs(value - (vector[index] ?? 0))))).toBeLessThan(5e-4);
  }
});
