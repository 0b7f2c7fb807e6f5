import { expect, test } from "vitest";
import { mix } from "./read-words.ts";
import { createShingleCounts } from "./shingle-counts.ts";

const text = (number: number, length = 200): Uint32Array =>
  Uint32Array.from({ length }, (_, index) => mix(number * 100_003 + index));

test("counts the texts that hold a shingle", () => {
  const counts = createShingleCounts({ cells: 65_536 });
  for (let repeat = 0; repeat < 12; repeat += 1) counts.add(text(1));
  counts.add(text(2));
  expect([...text(1)].every((shingle) => counts.count(shingle) >= 12)).toBe(true);
  expect([...text(2)].filter((shingle) => counts.count(shingle) === 1).length).toBeGreaterThan(195);
  expect([...text(3)].filter((shingle) => counts.count(shingle) > 0).length).toBeLessThan(5);
});

test("takes texts back", () => {
  const counts = createShingleCounts({ cells: 65_536 });
  for (let repeat = 0; repeat < 3; repeat += 1) counts.add(text(1));
  counts.remove(text(1));
  expect(counts.count(text(1)[0]!)).toBe(2);
});

test("memory stays as it is, and old texts fade instead", () => {
  const counts = createShingleCounts({ cells: 4096 });
  const size = counts.toBytes().byteLength;
  for (let repeat = 0; repeat < 9; repeat += 1) counts.add(text(0));
  for (let number = 1; number < 200; number += 1) counts.add(text(number));
  expect(counts.toBytes().byteLength).toBe(size);
  // 200 texts of 200 shingles over 4,096 cells: without fading each cell would hold about ten.
  const unseen = [...text(1_000)].map((shingle) => counts.count(shingle));
  expect(unseen.reduce((sum, count) => sum + count, 0) / unseen.length).toBeLessThan(3);
});

test("survives a restart, and refuses what was cut", () => {
  const counts = createShingleCounts({ cells: 4096 });
  counts.add(text(1));
  const bytes = counts.toBytes();
  const restored = createShingleCounts({ bytes });
  expect([...text(1)].map((shingle) => restored.count(shingle))).toEqual(
    [...text(1)].map((shingle) => counts.count(shingle)),
  );
  expect(() => createShingleCounts({ bytes: bytes.subarray(0, 100) })).toThrow("Count the stored texts anew");
});
