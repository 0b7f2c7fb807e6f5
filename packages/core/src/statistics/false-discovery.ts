/**
 * Benjamini–Hochberg adjusted p-values: calling everything up to `q` a change keeps the expected share of false ones at
 * `q`, however many comparisons were made. Journal of the Royal Statistical Society B 57 (1995).
 */
export function adjustForDiscovery(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).toSorted((a, b) => (pValues[b] ?? 1) - (pValues[a] ?? 1));
  const adjusted = pValues.map(() => 1);
  let smallest = 1;
  for (const [position, index] of order.entries()) {
    const rank = pValues.length - position;
    smallest = Math.min(smallest, ((pValues[index] ?? 1) * pValues.length) / rank);
    adjusted[index] = smallest;
  }
  return adjusted;
}
