import { describe, expect, test } from "vitest";
import type { PastRequest } from "./outcome.ts";
import { OutcomeIndex } from "./outcome-index.ts";
import { OutcomeMemory } from "./outcome-memory.ts";
import { createQualityEstimator } from "./quality-estimator.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { createUsableShares } from "./usable-shares.ts";

const dayMs = 86_400_000;
const past = (id: string, more: Partial<PastRequest> = {}): PastRequest => ({
  id,
  at: 0,
  category: "c",
  vector: Float32Array.of(1, 0),
  embeddingModelId: "e",
  scores: [{ family: "m", score: 1, trust: 1 }],
  ...more,
});
const scored = (score: number, trust = 1) => ({ scores: [{ family: "m", score, trust }] });
const prompt = { vector: Float32Array.of(1, 0), embeddingModelId: "e", category: "c", now: 0 };
const idsNear = (memory: OutcomeMemory, more = {}) =>
  memory
    .near(
      { ...prompt, ...more },
      10,
    )("m")
    .map(({ id }) => id);

function randomUnits(count: number, dimension: number): Float32Array[] {
  const random = createSeededRandom(9);
  return Array.from({ length: count }, () => {
    const vector = Float32Array.from({ length: dimension }, () => random() + random() + random() - 1.5);
    return vector.map((value) => value / Math.hypot(...vector));
  });
}

describe("the index", () => {
  const vectors = randomUnits(2_000, 64);
  const index = new OutcomeIndex({ dimension: 64, capacity: 2_000 });
  for (const [slot, vector] of vectors.entries()) index.set(slot, vector);
  const dot = (left: Float32Array, right: Float32Array) => left.reduce((sum, value, at) => sum + value * right[at]!, 0);

  test("a similarity is right to a hundredth, the nearest come first", () => {
    const query = vectors[17]!;
    const rows = index.open(query)([5, 17, 99], 3);
    expect(rows[0]).toMatchObject({ slot: 17 });
    for (const { slot, similarity } of rows)
      expect(Math.abs(similarity - dot(query, vectors[slot]!))).toBeLessThan(0.01);
  });

  test("the shortlist by sketches finds most of the true neighbours, even among vectors without any structure", () => {
    const slots = vectors.map((_, slot) => slot);
    let found = 0;
    for (const query of vectors.slice(0, 5)) {
      const products = vectors.map((vector) => dot(query, vector));
      const truth = slots.toSorted((left, right) => products[right]! - products[left]!);
      const nearest = new Set(truth.slice(0, 50));
      found += index
        .open(query)(slots, 50)
        .filter(({ slot }) => nearest.has(slot)).length;
    }
    expect(found / (5 * 50)).toBeGreaterThan(0.8);
  });
});

describe("the memory", () => {
  test("a verdict that comes again replaces the first, in means and neighbours", () => {
    const memory = new OutcomeMemory();
    memory.put(past("a", scored(0)));
    memory.put(past("a", scored(0.5)));
    expect(memory.near(prompt, 10)("m")).toMatchObject([{ id: "a", score: 0.5 }]);
    expect(memory.means("m", "c").family?.mean(0, 0, 0)).toBeCloseTo(0.5, 10);
    expect(memory.means("m", "c").category?.weight(0)).toBeCloseTo(1, 10);
  });

  test("keeps the newest so many, and finds each family's own", () => {
    const memory = new OutcomeMemory({ capacity: 3 });
    for (const id of ["a", "b", "c", "d"]) memory.put(past(id));
    expect(idsNear(memory).toSorted()).toEqual(["b", "c", "d"]);
    memory.put(past("x", { scores: [{ family: "other", score: 1, trust: 1 }] }));
    expect(idsNear(memory).toSorted()).toEqual(["c", "d"]);
    expect(
      memory
        .near(
          prompt,
          10,
        )("other")
        .map(({ id }) => id),
    ).toEqual(["x"]);
  });

  test("vectors of two models are never compared, what was not embedded counts for the means alone", () => {
    const memory = new OutcomeMemory();
    memory.put(past("a"));
    memory.put(past("b", { embeddingModelId: "f", vector: Float32Array.of(1, 0, 0) }));
    memory.put(past("c", { vector: undefined, embeddingModelId: undefined }));
    expect(idsNear(memory)).toEqual(["a"]);
    expect(idsNear(memory, { embeddingModelId: "f" })).toEqual([]);
    expect(idsNear(memory, { embeddingModelId: "g" })).toEqual([]);
    expect(memory.means("m", "c").family?.weight(0)).toBeCloseTo(3, 10);
  });

  test("what is old counts half after its half-life", () => {
    const memory = new OutcomeMemory({ halfLifeMs: dayMs });
    memory.put(past("a"));
    memory.put(past("b", { at: dayMs, ...scored(0) }));
    expect(
      memory
        .near(
          { ...prompt, now: dayMs },
          10,
        )("m")
        .map(({ weight }) => weight),
    ).toEqual([0.5, 1]);
    expect(memory.means("m", "c").family?.mean(0, 0, dayMs)).toBeCloseTo(1 / 3, 10);
  });
});

describe("the estimate", () => {
  function estimate(memory: OutcomeMemory, more = {}, options = {}) {
    return createQualityEstimator({ memory, ...options }).estimate(["m", "unseen"], { ...prompt, ...more });
  }

  test("follows the neighbours, shrunk to the category, and is surer with more of them", () => {
    const memory = new OutcomeMemory();
    for (let index = 0; index < 100; index += 1) {
      memory.put(past(`near-${index}`, scored(0.2)));
      memory.put(past(`far-${index}`, { vector: Float32Array.of(0, 1), ...scored(1) }));
    }
    const near = estimate(memory).get("m")!;
    expect(near.mean).toBeGreaterThan(0.2);
    expect(near.mean).toBeLessThan(0.28);
    expect(near.mean - near.lower).toBeLessThan(0.06);
    const unembedded = estimate(memory, { vector: undefined }).get("m")!;
    expect(unembedded.mean).toBeCloseTo(0.6, 1);
  });

  test("of a model nobody has judged nothing is promised", () => {
    const memory = new OutcomeMemory();
    for (let index = 0; index < 100; index += 1) memory.put(past(`a-${index}`));
    const unseen = estimate(memory).get("unseen")!;
    expect(unseen).toMatchObject({ trust: 0, near: [] });
    expect(unseen.lower).toBeLessThan(0.45);
  });

  test("hints count for less than verdicts", () => {
    const [hinted, judged] = [new OutcomeMemory(), new OutcomeMemory()];
    for (let index = 0; index < 20; index += 1) {
      hinted.put(past(`a-${index}`, scored(1, 0.1)));
      judged.put(past(`a-${index}`, scored(1)));
    }
    expect(estimate(hinted).get("m")!.lower).toBeLessThan(estimate(judged).get("m")!.lower);
  });

  test("a model whose answers often cannot be used loses that part", () => {
    const memory = new OutcomeMemory();
    for (let index = 0; index < 100; index += 1) memory.put(past(`a-${index}`));
    const usable = createUsableShares();
    const before = estimate(memory, {}, { usable }).get("m")!.mean;
    for (let call = 0; call < 1_000; call += 1) usable.note("m", call % 2 === 0, 0);
    expect(estimate(memory, {}, { usable }).get("m")!.mean / before).toBeCloseTo(0.53, 1);
  });
});
