export interface PairScore {
  found: number;
  right: number;
  wanted: number;
}

/** Pairs of equal group among the groups found, among the true ones, and in both. Both are closed over transitivity. */
export function scorePairs(groups: readonly string[][], truth: readonly string[][]): PairScore {
  const trueGroup = closeGroups(truth);
  let [found, right] = [0, 0];
  for (const group of groups) {
    for (const [index, id] of group.entries()) {
      for (const other of group.slice(0, index)) {
        found += 1;
        const subject = trueGroup.get(id);
        if (subject !== undefined && subject === trueGroup.get(other)) right += 1;
      }
    }
  }
  const sizes = new Map<number, number>();
  for (const subject of trueGroup.values()) sizes.set(subject, (sizes.get(subject) ?? 0) + 1);
  const wanted = [...sizes.values()].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
  return { found, right, wanted };
}

export function sumScores(scores: readonly PairScore[]): PairScore {
  const sum = (part: keyof PairScore): number => scores.reduce((total, score) => total + score[part], 0);
  return { found: sum("found"), right: sum("right"), wanted: sum("wanted") };
}

export function toRates({ found, right, wanted }: PairScore): { precision: number; recall: number; f1: number } {
  return {
    precision: found === 0 ? 1 : right / found,
    recall: wanted === 0 ? 1 : right / wanted,
    f1: found + wanted === 0 ? 1 : (2 * right) / (found + wanted),
  };
}

/** Pairs or groups of ids → number of the group that each id is in. */
export function closeGroups(groups: readonly (readonly string[])[]): Map<string, number> {
  const members = new Map<number, string[]>();
  const groupOf = new Map<string, number>();
  for (const [number, ids] of groups.entries()) {
    const joined = new Set<string>();
    for (const id of ids) {
      const earlier = groupOf.get(id);
      for (const member of earlier === undefined ? [id] : members.get(earlier)!) joined.add(member);
      if (earlier !== undefined) members.delete(earlier);
      for (const member of joined) groupOf.set(member, number);
      members.set(number, [...joined]);
    }
  }
  return groupOf;
}
