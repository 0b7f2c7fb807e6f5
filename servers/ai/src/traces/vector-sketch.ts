import { createRandom } from "@sophia/core/statistics/seeded-random";

const sketchDimension = 16;
/** Sign matrices by dimension of the vector; a server meets two or three. */
const matrices = new Map<number, Int8Array>();

/**
 * A random projection with signs onto 16 dimensions: small enough to keep with every call, and two clouds of vectors
 * that differ still differ (Achlioptas, Journal of Computer and System Sciences 66, 2003). The same for the same vector.
 */
export function sketchVector(vector: Float32Array): string {
  const signs = signsFor(vector.length);
  const sketch = new Float32Array(sketchDimension);
  for (let row = 0; row < sketchDimension; row += 1) {
    let sum = 0;
    const offset = row * vector.length;
    for (let index = 0; index < vector.length; index += 1) sum += (vector[index] ?? 0) * (signs[offset + index] ?? 0);
    sketch[row] = sum / Math.sqrt(sketchDimension);
  }
  return Buffer.from(sketch.buffer).toString("base64");
}

export function readSketch(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function signsFor(dimension: number): Int8Array {
  const known = matrices.get(dimension);
  if (known) return known;
  const random = createRandom(dimension);
  const signs = Int8Array.from({ length: dimension * sketchDimension }, () => (random() < 0.5 ? -1 : 1));
  matrices.set(dimension, signs);
  return signs;
}
