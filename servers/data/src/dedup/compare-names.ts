import type { Fingerprint } from "./fingerprint.ts";

/**
 * Whether two texts that agree over long stretches speak of different things: words that each repeats within those
 * stretches and that the other has nowhere. Errors fall on one occurrence of a word here and there; a form filled in for
 * another product, person or town changes its name wherever it stands.
 */
export function namesDiffer(a: Fingerprint, agreeingA: Uint8Array, b: Fingerprint, agreeingB: Uint8Array): boolean {
  return hasOwnNames(a, agreeingA, b) && hasOwnNames(b, agreeingB, a);
}

const fewestNames = 3;
/** Of the words in agreeing stretches. Another spelling of a language stays well below it. */
const nameShare = 0.025;

function hasOwnNames({ words }: Fingerprint, agreeing: Uint8Array, other: Fingerprint): boolean {
  const inOther = new Set(other.words);
  const times = new Map<number, number>();
  let total = 0;
  for (const [index, word] of words.entries()) {
    if (agreeing[index] !== 1) continue;
    total += 1;
    if (!inOther.has(word)) times.set(word, (times.get(word) ?? 0) + 1);
  }
  let names = 0;
  for (const count of times.values()) if (count >= 2) names += count;
  return names >= fewestNames && names >= nameShare * total;
}
