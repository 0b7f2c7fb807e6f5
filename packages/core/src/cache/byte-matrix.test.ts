import fc from "fast-check";
import { expect, test } from "vitest";
import { createByteMatrix, fromByteVector, toByteVector } from "./byte-matrix.ts";

const dimension = 40;
const vector = fc.float32Array({ minLength: dimension, maxLength: dimension, min: -1, max: 1, noNaN: true });

function unit(values: Float32Array): Float32Array {
  const length = Math.hypot(...values) || 1;
  return values.map((value) => value / length);
}

test("scores are the inner products, and search gives the best of the rows that may be taken", () => {
  fc.assert(
    fc.property(fc.array(vector, { minLength: 1, maxLength: 60 }), vector, (rows, query) => {
      const units = rows.map(unit);
      const asked = unit(query);
      const matrix = createByteMatrix(dimension);
      for (const row of units) matrix.add(toByteVector(row));
      const exact = units.map((row) => row.reduce((sum, value, index) => sum + value * (asked[index] ?? 0), 0));
      const scores = matrix.scores(asked);
      for (const [row, score] of exact.entries()) expect(Math.abs((scores[row] ?? 9) - score)).toBeLessThan(0.03);
      const found = matrix.search(asked, 5, (row) => row % 2 === 1);
      expect(found.every(({ row }) => row % 2 === 0)).toBe(true);
      const even = [...scores].filter((_, row) => row % 2 === 0).toSorted((left, right) => right - left);
      expect(found.map(({ score }) => Math.fround(score))).toEqual(even.slice(0, 5));
      const some = units.map((_, row) => row).filter((row) => row % 2 === 0);
      expect(matrix.rank(asked, 5, some).map(({ score }) => score)).toEqual(found.map(({ score }) => score));
    }),
    { numRuns: 60 },
  );
});

test("an empty matrix finds nothing, and a row comes back as it went in", () => {
  const matrix = createByteMatrix(3);
  expect(matrix.search(new Float32Array(3), 5, () => false)).toEqual([]);
  const row = Float32Array.from([0.6, -0.8, 0]);
  matrix.add(toByteVector(row));
  for (const [index, value] of fromByteVector(matrix.row(0)).entries()) expect(value).toBeCloseTo(row[index] ?? 9, 2);
});
