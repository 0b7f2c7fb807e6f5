import { sortedNumbers } from "./kolmogorov-smirnov.ts";

/** Half an observation for each empty bin, so that one unseen value does not make the distance infinite. */
const emptyBinCount = 0.5;

/**
 * Wasserstein-1 (earth mover's) distance between two samples, in their own unit: the area between the empirical
 * distribution functions. Vallender, Theory of Probability & Its Applications 18 (1974).
 */
export function wassersteinDistance(first: readonly number[], second: readonly number[]): number {
  if (first.length === 0 || second.length === 0) return 0;
  const [a, b] = [sortedNumbers(first), sortedNumbers(second)];
  const all = sortedNumbers([...first, ...second]);
  let [i, j, area] = [0, 0, 0];
  for (let at = 0; at < all.length - 1; at += 1) {
    const value = all[at] ?? 0;
    while (i < a.length && (a[i] ?? 0) <= value) i += 1;
    while (j < b.length && (b[j] ?? 0) <= value) j += 1;
    area += Math.abs(i / a.length - j / b.length) * ((all[at + 1] ?? 0) - value);
  }
  return area;
}

/** Counts of the same categories in two periods, in the same order. */
export interface CountPair {
  first: readonly number[];
  second: readonly number[];
}

/**
 * Jensen–Shannon distance of two count vectors: the square root of the divergence in base 2, from 0 (equal) to 1
 * (nothing in common). Endres & Schindelin, IEEE Transactions on Information Theory 49 (2003).
 */
export function jensenShannonDistance({ first, second }: CountPair): number {
  const [p, q] = [toShares(first), toShares(second)];
  let divergence = 0;
  for (const [index, share] of p.entries()) {
    const other = q[index] ?? 0;
    const middle = (share + other) / 2;
    if (share > 0) divergence += (share * Math.log2(share / middle)) / 2;
    if (other > 0) divergence += (other * Math.log2(other / middle)) / 2;
  }
  return Math.sqrt(Math.max(0, divergence));
}

/**
 * Population stability index of a sample against a reference over the reference's own quantile bins. By convention below
 * 0.1 is steady and from 0.25 on is shifted (Siddiqi, Credit Risk Scorecards, 2006); the bands know no sample size, so
 * read it beside a test.
 */
export function populationStabilityIndex(
  reference: readonly number[],
  sample: readonly number[],
  bins: number = 10,
): number {
  if (reference.length === 0 || sample.length === 0) return 0;
  const sorted = sortedNumbers(reference);
  const edges = Array.from({ length: bins - 1 }, (_, index) => quantileOfSorted(sorted, (index + 1) / bins));
  // Equal edges (many ties) would make bins that nothing can fall into.
  const distinct = [...new Set(edges)];
  const expected = countBins(reference, distinct);
  const actual = countBins(sample, distinct);
  return expected.reduce((sum, count, index) => {
    const p = Math.max(count, emptyBinCount) / reference.length;
    const q = Math.max(actual[index] ?? 0, emptyBinCount) / sample.length;
    return sum + (q - p) * Math.log(q / p);
  }, 0);
}

/** As `quantileOf`, without sorting again for each edge. */
function quantileOfSorted(sorted: Float64Array, share: number): number {
  const position = (sorted.length - 1) * share;
  const low = Math.floor(position);
  const below = sorted[low] ?? 0;
  return below + ((sorted[Math.min(low + 1, sorted.length - 1)] ?? below) - below) * (position - low);
}

/** How many values lie at or below each edge, and above the last. */
function countBins(values: readonly number[], edges: readonly number[]): number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (const value of values) {
    const found = edges.findIndex((edge) => value <= edge);
    const bin = found === -1 ? edges.length : found;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

function toShares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total === 0 ? 0 : count / total));
}
