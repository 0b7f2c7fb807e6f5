import { attend, type AttentionPlaces } from "./attention.ts";
import type { KernelOptions, MatrixKernel, PackedMatrix } from "./matrix-kernel.ts";
import {
  headCount,
  hiddenSize,
  innerSize,
  type Norm,
  pieceSize,
  readUseLiteWeights,
  type TransformerLayer,
  type UseLiteWeights,
} from "./use-lite-weights.ts";

/** The model reads no further. */
export const maxPieces = 128;
const normEpsilon = 1e-6;

export interface UseLiteEncoder {
  dimension: number;
  /** One vector of unit length for each text, side by side; zero for a text without pieces. Pieces after 128 are cut. */
  encode(texts: readonly (readonly number[])[]): Float32Array<ArrayBuffer>;
}

/** Where the intermediate results of one group of texts lie: rows of the group's pieces. */
interface Places extends AttentionPlaces {
  /** What goes into the first layer. */
  pieces: number;
  /** What goes into and comes out of the second. */
  state: number;
  normed: number;
}

/**
 * The Universal Sentence Encoder Lite: a transformer of two layers over pieces of words, their mean, and a dense layer.
 * Texts stand behind one another without padding. Its arithmetic follows the published graph step by step, also where
 * that is odd: the vector of a piece counts twice, because the graph adds the position signal to a copy of it. Only the
 * mean over the pieces is taken one product earlier, which is linear and then has one row for each text.
 * https://tfhub.dev/google/universal-sentence-encoder-lite/2
 */
export function createUseLiteEncoder(directory: string, options: KernelOptions = {}): UseLiteEncoder {
  const widths = pieceSize + 3 * hiddenSize + innerSize + maxPieces + (2 * hiddenSize) / headCount;
  const scratch = maxPieces * widths + hiddenSize;
  const weights = readUseLiteWeights(directory, { scratch, ...options });
  const { kernel } = weights;
  const places: Places = {
    pieces: kernel.reserve(maxPieces * pieceSize),
    state: kernel.reserve(maxPieces * hiddenSize),
    normed: kernel.reserve(maxPieces * hiddenSize),
    wide: kernel.reserve(maxPieces * innerSize),
    attended: kernel.reserve(maxPieces * hiddenSize),
    scores: kernel.reserve(maxPieces * maxPieces),
    keys: kernel.reserve((maxPieces * hiddenSize) / headCount),
    values: kernel.reserve((maxPieces * hiddenSize) / headCount),
    zeros: kernel.reserve(hiddenSize),
  };
  const signal = buildPositionSignal(weights.frequencies);
  return {
    dimension: hiddenSize,
    encode(texts) {
      const result = new Float32Array(texts.length * hiddenSize);
      for (const group of groupTexts(texts)) {
        const pieces = group.map((text) => text.pieces);
        encodeGroup(weights, places, signal, pieces);
        for (const [row, { position }] of group.entries()) {
          const from = places.normed + row * hiddenSize;
          result.set(kernel.floats.subarray(from, from + hiddenSize), position * hiddenSize);
        }
      }
      return result;
    },
  };
}

/** As many texts as fit into 128 rows: beyond that a weight is read often enough, and more would only hold memory. */
function groupTexts(texts: readonly (readonly number[])[]): { position: number; pieces: number[] }[][] {
  const groups: { position: number; pieces: number[] }[][] = [];
  let room = 0;
  for (const [position, text] of texts.entries()) {
    const pieces = text.slice(0, maxPieces);
    if (pieces.length === 0) continue;
    if (pieces.length > room) {
      groups.push([]);
      room = maxPieces;
    }
    groups.at(-1)?.push({ position, pieces });
    room -= pieces.length;
  }
  return groups;
}

/** Leaves one vector for each text at `places.normed`. */
function encodeGroup(weights: UseLiteWeights, places: Places, signal: Float32Array, texts: number[][]): void {
  const { kernel } = weights;
  const { pieces, state, normed, wide } = places;
  const [first, second] = weights.layers;
  const rows = texts.reduce((sum, text) => sum + text.length, 0);
  placePieces(weights, places, signal, texts);
  multiplyRows(kernel, weights.residual, { from: pieces, to: state, rows });
  runLayer(kernel, places, { layer: first, from: pieces, texts, rows });
  multiplyRows(kernel, first.innerOutput, { from: wide, to: state, rows, adds: true });
  runLayer(kernel, places, { layer: second, from: state, texts, rows });
  meanRows(kernel.floats, { at: state, size: hiddenSize, texts });
  meanRows(kernel.floats, { at: wide, size: innerSize, texts });
  multiplyRows(kernel, second.innerOutput, { from: wide, to: state, rows: texts.length, adds: true });
  multiplyRows(kernel, weights.output, { from: state, to: normed, rows: texts.length });
  finishRows(kernel.floats, normed, texts.length);
}

function multiplyRows(
  kernel: MatrixKernel,
  matrix: PackedMatrix,
  { from, to, rows, ...rest }: { from: number; to: number; rows: number; floor?: number; adds?: boolean },
): void {
  const { depth: inputStride, columns: outputStride } = matrix;
  kernel.multiply({ inputAt: from, inputStride, rows, matrix, outputAt: to, outputStride, ...rest });
}

function placePieces(
  { kernel: { floats }, piecesAt, pieceCount }: UseLiteWeights,
  { pieces }: Places,
  signal: Float32Array,
  texts: number[][],
): void {
  let target = pieces;
  for (const text of texts) {
    for (const [position, piece] of text.entries()) {
      const source = piecesAt + (piece < pieceCount ? piece : 0) * pieceSize;
      for (let index = 0; index < pieceSize; index += 1) {
        floats[target + index] = 2 * (floats[source + index] ?? 0) + (signal[position * pieceSize + index] ?? 0);
      }
      target += pieceSize;
    }
  }
}

/** Adds the layer's attention to `places.state` and leaves at `places.wide` what its last product is taken of. */
function runLayer(
  kernel: MatrixKernel,
  places: Places,
  { layer, from, texts, rows }: { layer: TransformerLayer; from: number; texts: number[][]; rows: number },
): void {
  const { state, normed, wide, attended } = places;
  normalizeRows(kernel.floats, { from, to: normed, rows, norm: layer.attentionNorm });
  multiplyRows(kernel, layer.queryKeyValue, { from: normed, to: wide, rows });
  let row = 0;
  for (const { length } of texts) {
    for (let head = 0; head < headCount; head += 1)
      attend(kernel, places, { row, length, size: layer.inputSize, head });
    row += length;
  }
  multiplyRows(kernel, layer.attentionOutput, { from: attended, to: state, rows, adds: true });
  normalizeRows(kernel.floats, { from: state, to: normed, rows, norm: layer.innerNorm });
  multiplyRows(kernel, layer.inner, { from: normed, to: wide, rows, floor: 0 });
}

function normalizeRows(
  floats: Float32Array,
  { from, to, rows, norm }: { from: number; to: number; rows: number; norm: Norm },
): void {
  const { scale, bias } = norm;
  const size = scale.length;
  for (let row = 0; row < rows; row += 1) {
    const source = from + row * size;
    let sum = 0;
    let squares = 0;
    for (let index = 0; index < size; index += 1) {
      const value = floats[source + index] ?? 0;
      sum += value;
      squares += value * value;
    }
    const mean = sum / size;
    // Sums of 64 bits: the difference has more digits than the numbers it is of.
    const factor = 1 / Math.sqrt(Math.max(squares / size - mean * mean, 0) + normEpsilon);
    for (let index = 0; index < size; index += 1) {
      floats[to + row * size + index] =
        ((floats[source + index] ?? 0) - mean) * factor * (scale[index] ?? 0) + (bias[index] ?? 0);
    }
  }
}

/** In place: row n becomes the mean of the rows of the nth text. */
function meanRows(floats: Float32Array, { at, size, texts }: { at: number; size: number; texts: number[][] }): void {
  let source = at;
  for (const [position, { length }] of texts.entries()) {
    const target = at + position * size;
    floats.copyWithin(target, source, source + size);
    for (let row = 1; row < length; row += 1) {
      const from = source + row * size;
      for (let index = 0; index < size; index += 1) {
        floats[target + index] = (floats[target + index] ?? 0) + (floats[from + index] ?? 0);
      }
    }
    for (let index = target; index < target + size; index += 1) floats[index] = (floats[index] ?? 0) / length;
    source += length * size;
  }
}

/** In place: the hyperbolic tangent of each number, then rows of unit length. */
function finishRows(floats: Float32Array, at: number, rows: number): void {
  for (let row = at; row < at + rows * hiddenSize; row += hiddenSize) {
    let sum = 0;
    for (let index = row; index < row + hiddenSize; index += 1) {
      const value = Math.tanh(floats[index] ?? 0);
      floats[index] = value;
      sum += value * value;
    }
    const factor = 1 / Math.sqrt(Math.max(sum, 1e-12));
    for (let index = row; index < row + hiddenSize; index += 1) floats[index] = (floats[index] ?? 0) * factor;
  }
}

function buildPositionSignal(frequencies: Float32Array): Float32Array {
  const signal = new Float32Array(maxPieces * pieceSize);
  for (let position = 0; position < maxPieces; position += 1) {
    for (const [index, frequency] of frequencies.entries()) {
      const angle = Math.fround(position * frequency);
      signal[position * pieceSize + index] = Math.sin(angle);
      signal[position * pieceSize + frequencies.length + index] = Math.cos(angle);
    }
  }
  return signal;
}
