import { attend, type AttentionPlaces } from "./attention.ts";
import type { PackedMatrix } from "./matrix-kernel.ts";
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
  state: number;
  normed: number;
}

/**
 * The Universal Sentence Encoder Lite: a transformer of two layers over pieces of words, their mean, and a dense layer.
 * Texts stand behind one another without padding. Its arithmetic follows the published graph step by step, also where
 * that is odd: the vector of a piece counts twice, because the graph adds the position signal to a copy of it.
 * https://tfhub.dev/google/universal-sentence-encoder-lite/2
 */
export function createUseLiteEncoder(directory: string): UseLiteEncoder {
  const scratch = maxPieces * (3 * hiddenSize + innerSize + maxPieces + (2 * hiddenSize) / headCount) + hiddenSize;
  const weights = readUseLiteWeights(directory, scratch);
  const { kernel } = weights;
  const places: Places = {
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
  const rows = texts.reduce((sum, text) => sum + text.length, 0);
  placePieces(weights, places, signal, texts);
  for (const layer of weights.layers) runLayer(weights, places, layer, { texts, rows });
  poolTexts(weights, places, texts);
}

function placePieces(
  { kernel: { floats }, piecesAt, pieceCount }: UseLiteWeights,
  { state }: Places,
  signal: Float32Array,
  texts: number[][],
): void {
  let target = state;
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

function runLayer(
  weights: UseLiteWeights,
  places: Places,
  layer: TransformerLayer,
  { texts, rows }: { texts: number[][]; rows: number },
): void {
  const { kernel } = weights;
  const { state, normed, wide, attended } = places;
  const size = layer.inputSize;
  const product = (inputAt: number, matrix: PackedMatrix, outputAt: number, floor?: number) =>
    kernel.multiply({
      inputAt,
      inputStride: matrix.depth,
      rows,
      matrix,
      outputAt,
      outputStride: matrix.columns,
      ...(floor !== undefined && { floor }),
    });

  normalizeRows(kernel.floats, { from: state, to: normed, rows, norm: layer.attentionNorm });
  product(normed, layer.queryKeyValue, wide);
  let row = 0;
  for (const text of texts) {
    for (let head = 0; head < headCount; head += 1) attend(kernel, places, { row, length: text.length, size, head });
    row += text.length;
  }
  product(attended, layer.attentionOutput, normed);
  if (layer.residual) {
    product(state, layer.residual, attended);
    kernel.floats.copyWithin(state, attended, attended + rows * hiddenSize);
  }
  addRows(kernel.floats, state, normed, rows * hiddenSize);
  normalizeRows(kernel.floats, { from: state, to: normed, rows, norm: layer.innerNorm });
  product(normed, layer.inner, wide, 0);
  product(wide, layer.innerOutput, normed);
  addRows(kernel.floats, state, normed, rows * hiddenSize);
}

function normalizeRows(
  floats: Float32Array,
  { from, to, rows, norm }: { from: number; to: number; rows: number; norm: Norm },
): void {
  const { scale, bias } = norm;
  const size = scale.length;
  for (let row = 0; row < rows; row += 1) {
    const source = from + row * size;
    let mean = 0;
    for (let index = 0; index < size; index += 1) mean += floats[source + index] ?? 0;
    mean /= size;
    let variance = 0;
    for (let index = 0; index < size; index += 1) variance += ((floats[source + index] ?? 0) - mean) ** 2;
    const factor = 1 / Math.sqrt(variance / size + normEpsilon);
    for (let index = 0; index < size; index += 1) {
      floats[to + row * size + index] =
        ((floats[source + index] ?? 0) - mean) * factor * (scale[index] ?? 0) + (bias[index] ?? 0);
    }
  }
}

function addRows(floats: Float32Array, target: number, source: number, length: number): void {
  for (let index = 0; index < length; index += 1) {
    floats[target + index] = (floats[target + index] ?? 0) + (floats[source + index] ?? 0);
  }
}

function poolTexts({ kernel, output }: UseLiteWeights, { state, normed, attended }: Places, texts: number[][]): void {
  const { floats } = kernel;
  let source = state;
  for (const [position, text] of texts.entries()) {
    const target = attended + position * hiddenSize;
    for (let index = 0; index < hiddenSize; index += 1) {
      let sum = 0;
      for (let row = 0; row < text.length; row += 1) sum += floats[source + row * hiddenSize + index] ?? 0;
      floats[target + index] = sum / text.length;
    }
    source += text.length * hiddenSize;
  }
  const rows = texts.length;
  kernel.multiply({
    inputAt: attended,
    inputStride: hiddenSize,
    rows,
    matrix: output,
    outputAt: normed,
    outputStride: hiddenSize,
  });
  for (let row = normed; row < normed + rows * hiddenSize; row += hiddenSize) {
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
