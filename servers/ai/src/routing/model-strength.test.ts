import { OutcomeMemory } from "@sophia/core/routing/outcome-memory";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import { createModelStrength } from "./model-strength.ts";

const dayMs = 86_400_000;

function open(judged: Record<string, { count: number; score: number }>) {
  const clock = createVirtualClock();
  const memory = new OutcomeMemory();
  for (const [family, { count, score }] of Object.entries(judged)) {
    for (let index = 0; index < count; index += 1) {
      const scores = [{ family, score, trust: 1 }];
      memory.put({ id: `${family} ${index}`, at: clock.now(), category: "c", scores });
    }
  }
  return { clock, strength: createModelStrength({ memory, clock }) };
}

test("is the judged mean in steps, wherever the model is served and by whatever release it answers", () => {
  const { strength } = open({ large: { count: 60, score: 0.93 }, small: { count: 60, score: 0.85 } });
  expect(strength.of("vendor/Large:nitro")).toBe(0.9);
  expect(strength.of("large-2026-08-07")).toBe(0.9);
  expect(strength.of("small")).toBe(0.85);
});

test("a model of which too little is known keeps its answers to itself", () => {
  const { strength } = open({ large: { count: 60, score: 0.9 }, fresh: { count: 49, score: 1 } });
  expect(strength.of("fresh")).toBeUndefined();
  expect(strength.demandOf({ model: "fresh", qualityFloor: undefined })).toEqual({
    modelClass: "fresh",
    strength: 0,
    writer: 0,
  });
});

test("what was judged long ago is not known any more", async () => {
  const { strength, clock } = open({ large: { count: 60, score: 0.9 } });
  await clock.advance(60 * dayMs);
  expect(strength.of("large")).toBeUndefined();
});

test("models that are known share answers, each with what it demands", () => {
  const { strength } = open({ large: { count: 60, score: 0.9 }, small: { count: 60, score: 0.5 } });
  const large = strength.demandOf({ model: "large", qualityFloor: undefined });
  const small = strength.demandOf({ model: "x/small", qualityFloor: undefined });
  expect(large.modelClass).toBe(small.modelClass);
  expect([large.strength, small.strength]).toEqual([0.9, 0.5]);
});

test("for auto it is the floor that was asked for", () => {
  const { strength } = open({});
  const auto = { modelClass: "auto", strength: 0.8 };
  expect(strength.demandOf({ model: undefined, qualityFloor: 0.8 })).toEqual(auto);
  expect(strength.demandOf({ model: "auto", qualityFloor: undefined })).toEqual({ ...auto, strength: 0 });
});
