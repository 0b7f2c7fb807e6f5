import { countBits, createSketcher, sketchWords } from "./sign-sketch.ts";

export interface IndexedRow {
  slot: number;
  similarity: number;
}

/** Up to here every row is compared; above, only those whose sketches are near. */
const exactRows = 1_500;
/** Rows compared exactly for each one wanted. */
const shortlistFactor = 3;
const firstRows = 256;

/**
 * Unit vectors of one embedding model as bytes, in a ring of fixed size: the newest replaces the oldest. Finds the
 * nearest among given slots; it knows nothing of what the slots stand for.
 */
export class OutcomeIndex {
  readonly capacity: number;
  readonly dimension: number;
  #codes = new Int8Array(0);
  #scales = new Float32Array(0);
  #sketches = new Uint32Array(0);
  #distances = new Uint16Array(0);
  readonly #sketch: (vector: ArrayLike<number>, into: Uint32Array) => void;

  constructor(options: { dimension: number; capacity: number }) {
    this.dimension = options.dimension;
    this.capacity = options.capacity;
    this.#sketch = createSketcher(options.dimension);
  }

  set(slot: number, vector: Float32Array): void {
    if (slot >= this.#scales.length) this.#grow(slot + 1);
    let largest = 0;
    for (const value of vector) largest = Math.max(largest, Math.abs(value));
    const scale = largest / 127;
    const start = slot * this.dimension;
    for (let index = 0; index < this.dimension; index += 1) {
      this.#codes[start + index] = scale === 0 ? 0 : Math.round((vector[index] ?? 0) / scale);
    }
    this.#scales[slot] = scale;
    this.#sketch(vector, this.#sketches.subarray(slot * sketchWords, (slot + 1) * sketchWords));
  }

  /** For several searches with one vector. */
  open(vector: Float32Array): (slots: readonly number[], count: number) => IndexedRow[] {
    let sketched = false;
    const known = new Map<number, number>();
    const similarity = (slot: number) => {
      const found = known.get(slot) ?? this.#similarity(slot, vector);
      known.set(slot, found);
      return found;
    };
    return (slots, count) => {
      let compared: readonly number[] = slots;
      if (slots.length > Math.max(exactRows, count * shortlistFactor)) {
        if (!sketched) this.#measure(vector);
        sketched = true;
        compared = this.#shortlist(slots, count * shortlistFactor);
      }
      const rows = compared.map((slot) => ({ slot, similarity: similarity(slot) }));
      // Equal rows keep the order of their slots, so that the same history gives the same decision.
      rows.sort((left, right) => right.similarity - left.similarity || left.slot - right.slot);
      return rows.slice(0, count);
    };
  }

  #similarity(slot: number, vector: Float32Array): number {
    const codes = this.#codes;
    const start = slot * this.dimension;
    let sum = 0;
    for (let index = 0; index < this.dimension; index += 1) sum += (codes[start + index] ?? 0) * (vector[index] ?? 0);
    return sum * (this.#scales[slot] ?? 0);
  }

  /** Hamming distances of all sketches to the vector's. */
  #measure(vector: Float32Array): void {
    const wanted = new Uint32Array(sketchWords);
    this.#sketch(vector, wanted);
    const sketches = this.#sketches;
    for (let slot = 0, at = 0; slot < this.#scales.length; slot += 1) {
      let distance = 0;
      for (let word = 0; word < sketchWords; word += 1, at += 1) {
        distance += countBits(((sketches[at] ?? 0) ^ (wanted[word] ?? 0)) | 0);
      }
      this.#distances[slot] = distance;
    }
  }

  /** At least `count` of the slots: all within the distance that takes. */
  #shortlist(slots: readonly number[], count: number): number[] {
    const histogram = new Uint32Array(sketchWords * 32 + 1);
    for (const slot of slots) {
      const distance = this.#distances[slot] ?? 0;
      histogram[distance] = (histogram[distance] ?? 0) + 1;
    }
    let limit = 0;
    for (let sum = histogram[0] ?? 0; sum < count; sum += histogram[limit] ?? 0) limit += 1;
    return slots.filter((slot) => (this.#distances[slot] ?? 0) <= limit);
  }

  #grow(rows: number): void {
    const size = Math.min(this.capacity, Math.max(firstRows, rows, this.#scales.length * 2));
    this.#codes = copyInto(new Int8Array(size * this.dimension), this.#codes);
    this.#scales = copyInto(new Float32Array(size), this.#scales);
    this.#sketches = copyInto(new Uint32Array(size * sketchWords), this.#sketches);
    this.#distances = new Uint16Array(size);
  }
}

function copyInto<Values extends { set(from: Values): void }>(to: Values, from: Values): Values {
  to.set(from);
  return to;
}
