/** Pairs between two clusters that are weighed before they are joined, at most. */
const mostWeighed = 36;

/**
 * Pairs → clusters of at least two, in order. The best pairs join first, and two clusters join only when their members
 * agree on average: a chain of weak links (father, son with the father's telephone, the son's firm) does not become one
 * subject.
 *
 * @param excess bits above the threshold of any two records, below 0 where they are no match
 */
export function clusterLeads(
  pairs: readonly { a: number; b: number; bits: number }[],
  excess: (a: number, b: number) => number,
  apart: readonly (readonly [number, number])[] = [],
): number[][] {
  const clusterOf = new Map<number, number[]>();
  const enemies = new Set(apart.flatMap(([a, b]) => [`${a}|${b}`, `${b}|${a}`]));
  for (const { a, b } of pairs.toSorted((one, other) => other.bits - one.bits || one.a - other.a || one.b - other.b)) {
    const clusterA = clusterOf.get(a) ?? [a];
    const clusterB = clusterOf.get(b) ?? [b];
    if (clusterA === clusterB || !agree(clusterA, clusterB, excess)) continue;
    if (enemies.size > 0 && clusterA.some((one) => clusterB.some((other) => enemies.has(`${one}|${other}`)))) continue;
    const joined = [...clusterA, ...clusterB];
    for (const index of joined) clusterOf.set(index, joined);
  }
  const clusters = [...new Set(clusterOf.values())].map((cluster) => cluster.toSorted((a, b) => a - b));
  return clusters.toSorted(([a = 0], [b = 0]) => a - b);
}

function agree(a: readonly number[], b: readonly number[], excess: (a: number, b: number) => number): boolean {
  let sum = 0;
  let weighed = 0;
  for (const one of a) {
    for (const other of b) {
      if (weighed >= mostWeighed) return sum >= 0;
      sum += excess(one, other);
      weighed += 1;
    }
  }
  return sum >= 0;
}
