import { expect, test } from "vitest";
import { findAnomalies } from "./find-anomalies.ts";
import { createRandom } from "./seeded-random.ts";

const weekly = [10, 11, 12, 11, 10, 3, 2];

function spending(days: number, seed = 1): number[] {
  const random = createRandom(seed);
  return Array.from({ length: days }, (_value, day) => (weekly[day % 7] ?? 0) * (0.9 + 0.2 * random()) * 1.01 ** day);
}

test("a week's rhythm and slow growth are nothing unusual", () => {
  for (const seed of [1, 2, 3, 4, 5]) expect(findAnomalies(spending(90, seed), { period: 7 })).toEqual([]);
});

test("finds a jump, a hole and a busy Sunday, and what was expected", () => {
  const values = spending(90);
  values[40] = 3 * (values[40] ?? 0);
  values[60] = 0;
  // As much as on a working day, on a day that has little.
  values[76] = 11 * 1.01 ** 76;
  const found = findAnomalies(values, { period: 7 });
  expect(found.map(({ index, score }) => [index, Math.sign(score)])).toEqual([
    [40, 1],
    [60, -1],
    [76, 1],
  ]);
  expect(found[2]?.expected).toBeGreaterThan(2);
  expect(found[2]?.expected).toBeLessThan(8);
});

test("says nothing before two seasons, and nothing about small change", () => {
  expect(findAnomalies([...spending(13), 500], { period: 7 }).map(({ index }) => index)).toEqual([]);
  const quiet = [...spending(30), 30];
  expect(findAnomalies(quiet, { period: 7 })).toHaveLength(1);
  expect(findAnomalies(quiet, { period: 7, minimumChange: 1_000 })).toEqual([]);
});

test("spending where there was none is found", () => {
  const values = [...Array.from({ length: 30 }, () => 0), 5];
  expect(findAnomalies(values, { period: 7, minimumChange: 1 })).toMatchObject([{ index: 30, expected: 0 }]);
});
