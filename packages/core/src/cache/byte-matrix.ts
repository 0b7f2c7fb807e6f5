import { type ByteScan, createByteScan, createWasmMemory, type WasmMemory } from "./byte-scan.ts";

/** A vector in signed bytes: component = byte · scale. Inner products of unit vectors are off by less than 0.005. */
export interface ByteVector {
  bytes: Int8Array;
  scale: number;
}

export function toByteVector(vector: Float32Array): ByteVector {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  const scale = largest / 127 || 1;
  const bytes = new Int8Array(vector.length);
  for (let index = 0; index < vector.length; index += 1) bytes[index] = Math.round((vector[index] ?? 0) / scale);
  return { bytes, scale };
}

export function fromByteVector({ bytes, scale }: ByteVector): Float32Array {
  return Float32Array.from(bytes, (value) => value * scale);
}

/** Vectors of one dimension beside each other in memory, scanned whole. */
export interface ByteMatrix {
  readonly size: number;
  add(vector: ByteVector): void;
  /** Row numbers and inner products of the best, best first. `skip` leaves rows out. */
  search(query: Float32Array, count: number, skip: (row: number) => boolean): { row: number; score: number }[];
  /** Inner product with each row. */
  scores(query: Float32Array): Float32Array;
  row(index: number): ByteVector;
}

const pageBytes = 65_536;

export function createByteMatrix(dimension: number): ByteMatrix {
  /** The kernel reads sixteen bytes at once. */
  const width = Math.ceil(dimension / 16) * 16;
  let memory: WasmMemory | undefined;
  let scan: ByteScan | undefined;
  let bytes = new Int8Array(0);
  let scales = new Float32Array(0);
  let size = 0;
  let capacity = 0;

  /** In memory: the query, the rows, the sums. */
  function grow(): void {
    capacity = Math.max(16, capacity * 2);
    const pages = Math.ceil((width + capacity * (width + 4)) / pageBytes);
    if (!memory) {
      memory = createWasmMemory(pages);
      scan = createByteScan(memory);
    } else memory.grow(Math.max(0, pages - memory.buffer.byteLength / pageBytes));
    bytes = new Int8Array(memory.buffer);
    const grown = new Float32Array(capacity);
    grown.set(scales);
    scales = grown;
  }

  /** The sums of products, a view that the next scan overwrites, and what to multiply each with. */
  function scanAll(query: Float32Array): { sums: Int32Array; scale: number } {
    if (!memory || !scan) return { sums: new Int32Array(0), scale: 0 };
    const asked = toByteVector(query);
    bytes.set(asked.bytes, 0);
    const out = width * (1 + capacity);
    scan(0, width, size, width, out);
    return { sums: new Int32Array(memory.buffer, out, size), scale: asked.scale };
  }

  return {
    get size() {
      return size;
    },
    add(vector) {
      if (size === capacity) grow();
      bytes.set(vector.bytes, width * (1 + size));
      scales[size] = vector.scale;
      size += 1;
    },
    search(query, count, skip) {
      const { sums, scale } = scanAll(query);
      return takeBest(count, size, skip, (row) => (sums[row] ?? 0) * (scales[row] ?? 0) * scale);
    },
    scores(query) {
      const { sums, scale } = scanAll(query);
      return Float32Array.from(sums, (sum, row) => sum * (scales[row] ?? 0) * scale);
    },
    row: (index) => ({
      bytes: bytes.slice(width * (1 + index), width * (1 + index) + dimension),
      scale: scales[index] ?? 1,
    }),
  };
}

function takeBest(
  count: number,
  size: number,
  skip: (row: number) => boolean,
  scoreAt: (row: number) => number,
): { row: number; score: number }[] {
  const best: { row: number; score: number }[] = [];
  let worst = -Infinity;
  for (let row = 0; row < size; row += 1) {
    const score = scoreAt(row);
    if (score <= worst || skip(row)) continue;
    let place = best.length;
    while (place > 0 && (best[place - 1]?.score ?? 0) < score) place -= 1;
    best.splice(place, 0, { row, score });
    if (best.length > count) best.pop();
    if (best.length === count) worst = best.at(-1)?.score ?? -Infinity;
  }
  return best;
}
