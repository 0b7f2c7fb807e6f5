/** Two texts by their positions, and the inner product of their vectors. */
export interface ComparedPair {
  first: number;
  second: number;
  similarity: number;
}

/** Every pair once, the most similar first, at most `limit`. */
export function comparePairs(vectors: readonly Float32Array[], limit: number): ComparedPair[] {
  const pairs: ComparedPair[] = [];
  for (const [first, left] of vectors.entries()) {
    for (let second = first + 1; second < vectors.length; second += 1) {
      const right = vectors[second];
      if (right) pairs.push({ first, second, similarity: Number(innerProduct(left, right).toFixed(3)) });
    }
  }
  return pairs.toSorted((left, right) => right.similarity - left.similarity).slice(0, limit);
}

function innerProduct(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index += 1) sum += (left[index] ?? 0) * (right[index] ?? 0);
  return sum;
}
