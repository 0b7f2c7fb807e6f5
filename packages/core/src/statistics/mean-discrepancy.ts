import { createRandom } from "./seeded-random.ts";

export interface Discrepancy {
  /** Unbiased MMD², about 0 when nothing differs; it may be slightly below. */
  squared: number;
  /** From permutations; its smallest value is 1 / (permutations + 1). */
  pValue: number;
  /** Cosine distance of the two mean vectors, 0 to 2. */
  centroidDistance: number;
}

export interface DiscrepancyOptions {
  seed: number;
  /** Default 199. */
  permutations?: number;
  /** Vectors used of each side, evenly picked. Default 100. */
  maxVectors?: number;
}

/**
 * Do two sets of vectors come from the same distribution? Maximum mean discrepancy with a Gaussian kernel, its width the
 * median distance, tested by permutation. Gretton et al., Journal of Machine Learning Research 13 (2012) 723–773.
 */
export function meanDiscrepancy(
  first: readonly Float32Array[],
  second: readonly Float32Array[],
  options: DiscrepancyOptions,
): Discrepancy {
  const { permutations = 199, maxVectors = 100 } = options;
  const [a, b] = [pickEvenly(first, maxVectors), pickEvenly(second, maxVectors)];
  const centroidDistance = cosineDistance(meanOf(first), meanOf(second));
  if (a.length < 2 || b.length < 2) return { squared: 0, pValue: 1, centroidDistance };
  const kernel = buildKernel([...a, ...b]);
  const size = a.length + b.length;
  const order = Int32Array.from({ length: size }, (_, index) => index);
  const squared = discrepancyOf(kernel, order, a.length);
  const random = createRandom(options.seed);
  let atLeast = 1;
  for (let round = 0; round < permutations; round += 1) {
    shuffle(order, random);
    if (discrepancyOf(kernel, order, a.length) >= squared) atLeast += 1;
  }
  return { squared, pValue: atLeast / (permutations + 1), centroidDistance };
}

interface Kernel {
  values: Float64Array;
  size: number;
  /** Sum over the other vectors, for each; and over all. */
  rowSums: Float64Array;
  total: number;
}

function buildKernel(vectors: readonly Float32Array[]): Kernel {
  const size = vectors.length;
  const values = new Float64Array(size * size);
  const distances: number[] = [];
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < row; column += 1) {
      const distance = squaredDistance(vectors[row] ?? empty, vectors[column] ?? empty);
      values[row * size + column] = distance;
      distances.push(distance);
    }
  }
  const median = Float64Array.from(distances).toSorted()[distances.length >> 1] ?? 0;
  const scale = 1 / (median || 1);
  const rowSums = new Float64Array(size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < row; column += 1) {
      const value = Math.exp(-(values[row * size + column] ?? 0) * scale);
      values[row * size + column] = value;
      values[column * size + row] = value;
      rowSums[row] = (rowSums[row] ?? 0) + value;
      rowSums[column] = (rowSums[column] ?? 0) + value;
    }
  }
  return { values, size, rowSums, total: rowSums.reduce((sum, value) => sum + value, 0) };
}

const empty = new Float32Array();

/** One sum within the first group is enough; the rest follows from the sums of rows. */
function discrepancyOf({ values, size, rowSums, total }: Kernel, order: Int32Array, firstCount: number): number {
  const secondCount = size - firstCount;
  let inFirst = 0;
  let rowsOfFirst = 0;
  for (let i = 0; i < firstCount; i += 1) {
    const row = order[i] ?? 0;
    rowsOfFirst += rowSums[row] ?? 0;
    for (let j = 0; j < i; j += 1) inFirst += 2 * (values[row * size + (order[j] ?? 0)] ?? 0);
  }
  const between = rowsOfFirst - inFirst;
  const inSecond = total - inFirst - 2 * between;
  return (
    inFirst / (firstCount * (firstCount - 1)) +
    inSecond / (secondCount * (secondCount - 1)) -
    (2 * between) / (firstCount * secondCount)
  );
}

function shuffle(order: Int32Array, random: () => number): void {
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    const kept = order[index] ?? 0;
    order[index] = order[other] ?? 0;
    order[other] = kept;
  }
}

function pickEvenly(vectors: readonly Float32Array[], maximum: number): readonly Float32Array[] {
  if (vectors.length <= maximum) return vectors;
  const step = vectors.length / maximum;
  return Array.from({ length: maximum }, (_, index) => vectors[Math.floor(index * step)] ?? empty);
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (const [index, value] of a.entries()) sum += (value - (b[index] ?? 0)) ** 2;
  return sum;
}

function meanOf(vectors: readonly Float32Array[]): Float64Array {
  const mean = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) {
    for (const [index, value] of vector.entries()) mean[index] = (mean[index] ?? 0) + value / vectors.length;
  }
  return mean;
}

function cosineDistance(a: Float64Array, b: Float64Array): number {
  let [product, normA, normB] = [0, 0, 0];
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    product += value * other;
    normA += value * value;
    normB += other * other;
  }
  return normA === 0 || normB === 0 ? 0 : 1 - product / Math.sqrt(normA * normB);
}
