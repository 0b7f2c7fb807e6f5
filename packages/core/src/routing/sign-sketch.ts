import { createSeededRandom } from "./seeded-random.ts";

/** Bits of a sketch; the angle between two vectors is read from them to about 4 degrees. */
export const sketchBits = 512;
export const sketchWords = sketchBits / 32;

/**
 * Vector → 512 bits whose Hamming distance grows with the angle: signs of a random rotation (two rounds of random signs
 * and a Hadamard transform; Charikar 2002 for the signs, Ailon and Chazelle 2009 for the fast rotation). A pass over
 * 50,000 sketches reads 3 MB where the vectors have 75.
 */
export function createSketcher(dimension: number): (vector: ArrayLike<number>, into: Uint32Array) => void {
  const size = Math.max(sketchBits, 2 ** Math.ceil(Math.log2(Math.max(2, dimension))));
  const random = createSeededRandom(dimension);
  const signs = [0, 1].map(() => Float64Array.from({ length: size }, () => (random() < 0.5 ? -1 : 1)));
  const work = new Float64Array(size);
  return (vector, into) => {
    work.fill(0);
    for (let index = 0; index < dimension; index += 1) work[index] = vector[index] ?? 0;
    for (const round of signs) {
      for (let index = 0; index < size; index += 1) work[index] = (work[index] ?? 0) * (round[index] ?? 1);
      transform(work);
    }
    for (let word = 0; word < sketchWords; word += 1) {
      let bits = 0;
      for (let bit = 0; bit < 32; bit += 1) if ((work[word * 32 + bit] ?? 0) > 0) bits |= 1 << bit;
      into[word] = bits >>> 0;
    }
  };
}

/** Walsh-Hadamard, in place, unscaled: only signs are used. */
function transform(values: Float64Array): void {
  for (let half = 1; half < values.length; half *= 2) {
    for (let from = 0; from < values.length; from += half * 2) {
      for (let index = from; index < from + half; index += 1) {
        const [left, right] = [values[index] ?? 0, values[index + half] ?? 0];
        values[index] = left + right;
        values[index + half] = left - right;
      }
    }
  }
}

/** Bits set in a 32-bit word. */
export function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
