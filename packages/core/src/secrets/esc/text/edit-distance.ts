/** Candidates ordered by their edit distance from a word; underscores and case do not count. Stable. */
export function sortByEditDistance(word: string, candidates: readonly string[]): string[] {
  const folded = fold(word);
  const distances = new Map(candidates.map((candidate) => [candidate, editDistance(folded, fold(candidate))]));
  return [...candidates].sort((a, b) => (distances.get(a) ?? 0) - (distances.get(b) ?? 0));
}

/** The candidate nearest to a word, or undefined when more than half of the word would have to change. */
export function findNearest(word: string, candidates: Iterable<string>): string | undefined {
  const folded = fold(word);
  let best: string | undefined;
  let bestDistance = (folded.length + 1) >> 1;
  for (const candidate of candidates) {
    const bytes = fold(candidate);
    if (Math.abs(bytes.length - folded.length) > bestDistance) continue;
    const distance = editDistance(folded, bytes);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

function fold(text: string): Uint8Array {
  return Buffer.from(text.replaceAll("_", "").toLowerCase());
}

/** Levenshtein's distance in bytes. */
function editDistance(a: Uint8Array, b: Uint8Array): number {
  const row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    let diagonal = i - 1;
    row[0] = i;
    for (let j = 1; j <= b.length; j += 1) {
      const above = row[j] ?? 0;
      const substituted = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(substituted, 1 + (row[j - 1] ?? 0), 1 + above);
      diagonal = above;
    }
  }
  return row[b.length] ?? 0;
}
