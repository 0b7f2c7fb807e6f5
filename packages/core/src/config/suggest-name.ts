/** The candidate at most two slips of the keyboard away from `name` (swapped neighbours count once), if there is one. */
export function suggestName(name: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
    if (distance <= 2 && (!best || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

/**
 * The setting that somebody meant who wrote `name`: at most two slips away, the same words in another order, or one
 * cut off or drawn out at its end (SOPHIA_DATABASE, SOPHIA_DATA_DIRECTORY). Of several of the last kind the shortest.
 */
export function suggestSetting(name: string, candidates: readonly string[]): string | undefined {
  const slip = suggestName(name, candidates) ?? suggestName(sortWords(name), candidates.map(sortWords));
  if (slip !== undefined) return candidates.find((candidate) => candidate === slip || sortWords(candidate) === slip);
  return candidates
    .filter((candidate) => candidate.startsWith(name) || name.startsWith(candidate))
    .toSorted((left, right) => left.length - right.length)[0];
}

function sortWords(name: string): string {
  return name.split("_").toSorted().join("_");
}

/** Optimal string alignment distance; `Infinity` as soon as the lengths alone say more than two. */
export function editDistance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > 2) return Infinity;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1;
      let cost = Math.min(at(previous, column) + 1, at(current, column - 1) + 1, at(previous, column - 1) + same);
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        cost = Math.min(cost, at(beforePrevious, column - 2) + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, right.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
