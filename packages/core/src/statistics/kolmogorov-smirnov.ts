export interface TwoSampleTest {
  statistic: number;
  /** Two-sided. 1 when a sample is empty: nothing was seen. */
  pValue: number;
}

/** Above this many lattice points the exact count gives way to the limit distribution. */
const exactPoints = 1_000_000;

/**
 * Two-sample Kolmogorov–Smirnov test: the largest gap between the two empirical distributions, and how rare it would be
 * were they the same. Exact by counting lattice paths (Schröer & Trenkler, Computational Statistics & Data Analysis 20,
 * 1995) while the samples are small, else Kolmogorov's limit. Ties make it conservative.
 */
export function kolmogorovSmirnov(first: readonly number[], second: readonly number[]): TwoSampleTest {
  const [m, n] = [first.length, second.length];
  if (m === 0 || n === 0) return { statistic: 0, pValue: 1 };
  const gap = largestGap(sortedNumbers(first), sortedNumbers(second));
  // Whole steps of 1/(m n): compared as integers, so that equal gaps are equal.
  const statistic = gap / (m * n);
  if (gap === 0) return { statistic, pValue: 1 };
  if (m * n <= exactPoints) return { statistic, pValue: exactProbability(m, n, gap) };
  return { statistic, pValue: kolmogorovTail(statistic * Math.sqrt((m * n) / (m + n))) };
}

/** Ascending copy as numbers, not as text. */
export function sortedNumbers(values: readonly number[]): Float64Array {
  return Float64Array.from(values).toSorted();
}

/** Largest |i n − j m| over the merged order. */
function largestGap(first: Float64Array, second: Float64Array): number {
  const [m, n] = [first.length, second.length];
  let [i, j, largest] = [0, 0, 0];
  while (i < m && j < n) {
    const value = Math.min(first[i] ?? 0, second[j] ?? 0);
    while (i < m && first[i] === value) i += 1;
    while (j < n && second[j] === value) j += 1;
    largest = Math.max(largest, Math.abs(i * n - j * m));
  }
  return largest;
}

/**
 * Chance that a random path from (0, 0) to (m, n) touches |i n − j m| ≥ gap. The chance of touching is carried, not that
 * of staying inside, so that small values keep their digits.
 */
function exactProbability(m: number, n: number, gap: number): number {
  let row = new Float64Array(n + 1);
  for (let j = 0; j <= n; j += 1) row[j] = j * m >= gap ? 1 : 0;
  for (let i = 1; i <= m; i += 1) {
    const next = new Float64Array(n + 1);
    for (let j = 0; j <= n; j += 1) {
      if (Math.abs(i * n - j * m) >= gap) next[j] = 1;
      else next[j] = (i * (row[j] ?? 0) + j * (j === 0 ? 0 : (next[j - 1] ?? 0))) / (i + j);
    }
    row = next;
  }
  return Math.min(1, row[n] ?? 1);
}

/** P(K > x) of Kolmogorov's distribution; both series converge within a few terms where they are used. */
export function kolmogorovTail(x: number): number {
  if (x <= 0) return 1;
  if (x < 1.18) {
    const factor = Math.exp(-(Math.PI ** 2) / (8 * x * x));
    const sum = factor + factor ** 9 + factor ** 25 + factor ** 49;
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  const factor = Math.exp(-2 * x * x);
  return 2 * (factor - factor ** 4 + factor ** 9 - factor ** 16);
}
