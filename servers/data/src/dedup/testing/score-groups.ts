/** Pairwise precision, recall and F1 of groups against true clusters, 0 to 1. */
export function scoreGroups(
  groups: readonly (readonly string[])[],
  clusters: readonly (readonly string[])[],
): { precision: number; recall: number; f1: number } {
  const clusterOf = new Map(clusters.flatMap((ids, cluster) => ids.map((id) => [id, cluster] as const)));
  let [found, right] = [0, 0];
  for (const group of groups) {
    for (const [index, id] of group.entries()) {
      for (const other of group.slice(0, index)) {
        found += 1;
        if (clusterOf.has(id) && clusterOf.get(id) === clusterOf.get(other)) right += 1;
      }
    }
  }
  const wanted = clusters.reduce((sum, { length }) => sum + (length * (length - 1)) / 2, 0);
  return { precision: right / found, recall: right / wanted, f1: (2 * right) / (found + wanted) };
}
