import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canFuse, createMatrixKernel, type MatrixKernel } from "./matrix-kernel.ts";
import { depthStep, panelColumns } from "./matrix-routine.ts";
import { signed, unsigned } from "./wasm-bytes.ts";

/** Small whole numbers: their sums are exact in any order. */
const number = fc.integer({ min: -8, max: 8 });

function place(kernel: MatrixKernel, values: ArrayLike<number>): number {
  const at = kernel.reserve(values.length);
  kernel.floats.set(values, at);
  return at;
}

const kinds = canFuse() ? [{ fused: true }, { fused: false }] : [{ fused: false }];

describe.each(kinds)("the kernel, fused $fused", (options) => {
  test("multiplies as a plain loop does, for any shape, floor and start", () => {
    const shapes = fc.record({
      rows: fc.integer({ min: 1, max: 17 }),
      steps: fc.integer({ min: 1, max: 6 }),
      panels: fc.integer({ min: 1, max: 3 }),
    });
    const cases = shapes.chain(({ rows, steps, panels }) => {
      const [depth, columns] = [steps * depthStep, panels * panelColumns];
      const numbers = (length: number) => fc.array(number, { minLength: length, maxLength: length });
      return fc.record({
        rows: fc.constant(rows),
        depth: fc.constant(depth),
        columns: fc.constant(columns),
        left: numbers(rows * depth),
        right: numbers(depth * columns),
        bias: numbers(columns),
        floor: fc.constantFrom(Number.NEGATIVE_INFINITY, 0, 3),
        start: fc.option(numbers(rows * columns)),
      });
    });
    fc.assert(
      fc.property(cases, ({ rows, depth, columns, left, right, bias, floor, start }) => {
        const kernel = createMatrixKernel(16_000, options);
        const matrix = kernel.addMatrix(Float32Array.from(right), Float32Array.from(bias));
        const inputAt = place(kernel, left);
        const outputAt = kernel.reserve(rows * columns + 1);
        kernel.floats.set(start ?? Array.from({ length: rows * columns }, () => Number.NaN), outputAt);
        const places = { inputAt, inputStride: depth, outputAt, outputStride: columns };
        kernel.multiply({ ...places, rows, matrix, floor, adds: start !== null });
        const expected = Array.from({ length: rows * columns }, (_, index) => {
          const [row, column] = [Math.floor(index / columns), index % columns];
          let sum = (bias[column] ?? 0) + (start?.[index] ?? 0);
          for (let step = 0; step < depth; step += 1) {
            sum += (left[row * depth + step] ?? 0) * (right[step * columns + column] ?? 0);
          }
          return Math.max(sum, floor) + 0;
        });
        const actual = [...kernel.floats.subarray(outputAt, outputAt + rows * columns)];
        expect(actual.map((value) => value + 0)).toEqual(expected);
        expect(kernel.floats[outputAt + rows * columns]).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  test("gives one row the same bits, whatever rows stand beside it", () => {
    const kernel = createMatrixKernel(16_000, options);
    const weights = Float32Array.from({ length: 4096 }, (_, index) => Math.sin(index));
    const matrix = kernel.addMatrix(weights, new Float32Array(8));
    const row = Array.from({ length: 512 }, (_, index) => Math.cos(index * 1.7));
    const inputAt = place(kernel, Array.from({ length: 7 }, () => row).flat());
    const outputAt = kernel.reserve(64);
    kernel.multiply({ inputAt, inputStride: 512, rows: 7, matrix, outputAt, outputStride: 8 });
    const together = kernel.floats.slice(outputAt + 48, outputAt + 56);
    kernel.multiply({ inputAt, inputStride: 512, rows: 1, matrix, outputAt, outputStride: 8 });
    expect(kernel.floats.slice(outputAt, outputAt + 8)).toEqual(together);
  });

  test("gives the same bits before and after the compiler has worked on it", () => {
    const kernel = createMatrixKernel(16_000, options);
    const weights = Float32Array.from({ length: 4096 }, (_, index) => Math.sin(index));
    const matrix = kernel.addMatrix(weights, new Float32Array(8));
    const inputAt = place(
      kernel,
      Array.from({ length: 5 * 512 }, (_, index) => Math.cos(index * 1.7)),
    );
    const outputAt = kernel.reserve(40);
    const run = () => {
      kernel.multiply({ inputAt, inputStride: 512, rows: 5, matrix, outputAt, outputStride: 8 });
      return kernel.floats.slice(outputAt, outputAt + 40);
    };
    const first = run();
    for (let turn = 0; turn < 20_000; turn += 1) run();
    expect(run()).toEqual(first);
  });

  test("has no room beyond what was asked for", () => {
    const kernel = createMatrixKernel(64, options);
    kernel.reserve(60);
    expect(() => kernel.reserve(1)).toThrow(RangeError);
  });
});

test("numbers of the binary format come back as they were", () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const read = signed(value).reduce((sum, byte, index) => sum | ((byte & 0x7f) << (7 * index)), 0);
      const length = signed(value).length * 7;
      expect(length < 32 ? (read << (32 - length)) >> (32 - length) : read).toBe(value);
      const bits = unsigned(value).reduce((sum, byte, index) => sum + (byte & 0x7f) * 2 ** (7 * index), 0);
      expect(bits).toBe(value >>> 0);
    }),
  );
});
