import type { MatrixKernel } from "./matrix-kernel.ts";
import { depthStep, panelColumns } from "./matrix-routine.ts";
import { headCount } from "./use-lite-weights.ts";

export interface AttentionPlaces {
  /** In: queries, keys and values of each row side by side. */
  wide: number;
  /** Out: one row of `size` for each row. */
  attended: number;
  scores: number;
  keys: number;
  values: number;
  /** As many zeros as a matrix here has columns. */
  zeros: number;
}

/** One head over one text: softmax(queries · keysᵀ / √size) · values. */
export function attend(
  kernel: MatrixKernel,
  { wide, attended, scores, keys, values, zeros }: AttentionPlaces,
  { row, length, size, head }: { row: number; length: number; size: number; head: number },
): void {
  const { floats } = kernel;
  const headSize = size / headCount;
  const stride = 3 * size;
  const queriesAt = wide + row * stride + head * headSize;
  const columns = roundUp(length, panelColumns);
  const depth = roundUp(length, depthStep);
  packTransposed(floats, { from: queriesAt + size, stride, rows: length, size: headSize, to: keys });
  kernel.multiply({
    inputAt: queriesAt,
    inputStride: stride,
    rows: length,
    matrix: { at: keys, depth: headSize, columns, biasAt: zeros },
    outputAt: scores,
    outputStride: columns,
  });
  softenRows(floats, { at: scores, rows: length, stride: columns, length, scale: 1 / Math.sqrt(headSize) });
  packStraight(floats, { from: queriesAt + 2 * size, stride, rows: length, size: headSize, to: values });
  kernel.multiply({
    inputAt: scores,
    inputStride: columns,
    rows: length,
    matrix: { at: values, depth, columns: headSize, biasAt: zeros },
    outputAt: attended + row * size + head * headSize,
    outputStride: size,
  });
}

interface Packing {
  from: number;
  stride: number;
  rows: number;
  size: number;
  to: number;
}

/** Rows become columns; columns beyond the last row are zero. */
function packTransposed(floats: Float32Array, { from, stride, rows, size, to }: Packing): void {
  const columns = roundUp(rows, panelColumns);
  for (let column = 0; column < columns; column += 1) {
    const panel = to + (column - (column % panelColumns)) * size + (column % panelColumns);
    const source = from + column * stride;
    for (let index = 0; index < size; index += 1) {
      floats[panel + index * panelColumns] = column < rows ? (floats[source + index] ?? 0) : 0;
    }
  }
}

/** Rows stay rows; rows beyond the last are zero. */
function packStraight(floats: Float32Array, { from, stride, rows, size, to }: Packing): void {
  const depth = roundUp(rows, depthStep);
  for (let row = 0; row < depth; row += 1) {
    for (let index = 0; index < size; index += 1) {
      const lane = index % panelColumns;
      const target = to + (index - lane) * depth + row * panelColumns + lane;
      floats[target] = row < rows ? (floats[from + row * stride + index] ?? 0) : 0;
    }
  }
}

/** Softmax of each row's first `length` numbers; the rest of the row becomes zero. */
function softenRows(
  floats: Float32Array,
  { at, rows, stride, length, scale }: { at: number; rows: number; stride: number; length: number; scale: number },
): void {
  for (let row = at; row < at + rows * stride; row += stride) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let index = row; index < row + length; index += 1) largest = Math.max(largest, floats[index] ?? 0);
    let sum = 0;
    for (let index = row; index < row + length; index += 1) {
      const value = Math.exp(((floats[index] ?? 0) - largest) * scale);
      floats[index] = value;
      sum += value;
    }
    for (let index = row; index < row + length; index += 1) floats[index] = (floats[index] ?? 0) / sum;
    floats.fill(0, row + length, row + stride);
  }
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
