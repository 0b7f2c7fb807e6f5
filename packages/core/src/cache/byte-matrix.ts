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
  const vector = new Float32Array(bytes.length);
  for (let index = 0; index < bytes.length; index += 1) vector[index] = (bytes[index] ?? 0) * scale;
  return vector;
}

/** Vectors of one dimension beside each other in memory, scanned whole. */
export interface ByteMatrix {
  readonly size: number;
  add(vector: ByteVector): void;
  /** Row numbers and inner products of the best, best first. `skip` leaves rows out. */
  search(query: Float32Array, count: number, skip: (row: number) => boolean): { row: number; score: number }[];
  /** The same among some rows. */
  rank(query: Float32Array, count: number, rows: readonly number[]): { row: number; score: number }[];
  /** Inner product with each row. */
  scores(query: Float32Array): Float32Array;
  row(index: number): ByteVector;
}

const pageBytes = 65_536;

export function createByteMatrix(dimension: number): ByteMatrix {
  return new WasmByteMatrix(dimension);
}

/** In memory: the query, the rows, the sums. */
class WasmByteMatrix implements ByteMatrix {
  readonly #dimension: number;
  /** The kernel reads sixteen bytes at once. */
  readonly #width: number;
  #memory: WasmMemory | undefined;
  #scan: ByteScan | undefined;
  #bytes = new Int8Array(0);
  #scales = new Float32Array(0);
  #size = 0;
  #capacity = 0;

  constructor(dimension: number) {
    this.#dimension = dimension;
    this.#width = Math.ceil(dimension / 16) * 16;
  }

  get size(): number {
    return this.#size;
  }

  add(vector: ByteVector): void {
    if (this.#size === this.#capacity) this.#grow();
    this.#bytes.set(vector.bytes, this.#width * (1 + this.#size));
    this.#scales[this.#size] = vector.scale;
    this.#size += 1;
  }

  search(query: Float32Array, count: number, skip: (row: number) => boolean): { row: number; score: number }[] {
    if (this.#size === 0) return [];
    const scale = this.#takeQuery(query);
    const sums = this.#scanRows(0, this.#size);
    return takeBest(count, this.#size, skip, (row) => (sums[row] ?? 0) * (this.#scales[row] ?? 0) * scale);
  }

  rank(query: Float32Array, count: number, rows: readonly number[]): { row: number; score: number }[] {
    if (this.#size === 0) return [];
    const scale = this.#takeQuery(query);
    const score = (row: number) => (this.#scanRows(row, 1)[0] ?? 0) * (this.#scales[row] ?? 0) * scale;
    const scored = rows.map((row) => ({ row, score: score(row) }));
    return scored.toSorted((left, right) => right.score - left.score).slice(0, count);
  }

  scores(query: Float32Array): Float32Array {
    if (this.#size === 0) return new Float32Array(0);
    const scale = this.#takeQuery(query);
    return Float32Array.from(this.#scanRows(0, this.#size), (sum, row) => sum * (this.#scales[row] ?? 0) * scale);
  }

  row(index: number): ByteVector {
    const start = this.#width * (1 + index);
    return { bytes: this.#bytes.slice(start, start + this.#dimension), scale: this.#scales[index] ?? 1 };
  }

  #grow(): void {
    this.#capacity = Math.max(16, this.#capacity * 2);
    const pages = Math.ceil((this.#width + this.#capacity * (this.#width + 4)) / pageBytes);
    if (!this.#memory) {
      this.#memory = createWasmMemory(pages);
      this.#scan = createByteScan(this.#memory);
    } else this.#memory.grow(Math.max(0, pages - this.#memory.buffer.byteLength / pageBytes));
    this.#bytes = new Int8Array(this.#memory.buffer);
    const grown = new Float32Array(this.#capacity);
    grown.set(this.#scales);
    this.#scales = grown;
  }

  /** What to multiply sums with. */
  #takeQuery(query: Float32Array): number {
    const asked = toByteVector(query);
    this.#bytes.set(asked.bytes, 0);
    return asked.scale;
  }

  /** The sums of products with the query that was taken, a view that the next scan overwrites. */
  #scanRows(first: number, count: number): Int32Array {
    if (!this.#memory || !this.#scan) return new Int32Array(0);
    const out = this.#width * (1 + this.#capacity);
    this.#scan(0, this.#width * (1 + first), count, this.#width, out);
    return new Int32Array(this.#memory.buffer, out, count);
  }
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
