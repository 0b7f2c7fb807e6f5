import type { Fingerprint } from "./fingerprint.ts";

/**
 * Whether two texts that agree over long stretches speak of different things: words that each repeats within those
 * stretches and that the other has at most half as often. Errors fall on one occurrence of a word here and there; a form
 * filled in for another product, person or town changes its name wherever it stands.
 */
export function namesDiffer(a: Fingerprint, agreeingA: Uint8Array, b: Fingerprint, agreeingB: Uint8Array): boolean {
  return hasOwnNames(a, agreeingA, b) && hasOwnNames(b, agreeingB, a);
}

const fewestNames = 3;
/** Of the words in agreeing stretches. Another spelling of a language stays well below it. */
const nameShare = 0.025;

function hasOwnNames({ words }: Fingerprint, agreeing: Uint8Array, other: Fingerprint): boolean {
  const times = new Map<number, number>();
  let total = 0;
  for (const [index, word] of words.entries()) {
    if (agreeing[index] !== 1) continue;
    total += 1;
    times.set(word, (times.get(word) ?? 0) + 1);
  }
  const timesInOther = new Map<number, number>();
  for (const word of other.words) if (times.has(word)) timesInOther.set(word, (timesInOther.get(word) ?? 0) + 1);
  let names = 0;
  for (const [word, count] of times) {
    const more = count - (timesInOther.get(word) ?? 0);
    if (more >= 2 && more >= count / 2) names += more;
  }
  return names >= fewestNames && names >= nameShare * total;
}
