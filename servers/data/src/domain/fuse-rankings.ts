/** Reciprocal rank fusion (Cormack et al. 2009): rank 1 counts 1/(k+1), and no score of one list is compared with another's. */
const k = 60;

export interface Ranked<Key> {
  key: Key;
  score: number;
}

/** Several rankings, best first → one, best first; equal scores in the order of first appearance. Score 1 = first in every list. */
export function fuseRankings<Key>(rankings: readonly { keys: readonly Key[]; weight: number }[]): Ranked<Key>[] {
  const scores = new Map<Key, number>();
  let best = 0;
  for (const { keys, weight } of rankings) {
    best += weight / (k + 1);
    for (const [index, key] of keys.entries()) scores.set(key, (scores.get(key) ?? 0) + weight / (k + index + 1));
  }
  return [...scores]
    .map(([key, score]) => ({ key, score: best === 0 ? 0 : score / best }))
    .toSorted((left, right) => right.score - left.score);
}
