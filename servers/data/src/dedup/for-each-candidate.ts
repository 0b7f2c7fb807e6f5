import { bandKeys, leastSharedKeys, type OwnFingerprint } from "./fingerprint.ts";

/** Documents looked at under one band key: a key is not common, so more than this means prints of one story. */
const maxPerKey = 32;

/** Calls back with each pair (earlier, later) that shares enough band keys. */
export function forEachCandidate(prints: readonly OwnFingerprint[], onPair: (a: number, b: number) => void): void {
  // Nearly every key has one text only: a list for each would cost more than all the rest.
  const firstOf = createFirsts(prints.length * 64);
  const laterOf = new Map<number, number[]>();
  const shared = new Map<number, number>();
  for (const [index, print] of prints.entries()) {
    const keys = bandKeys(print);
    shared.clear();
    for (const key of keys) {
      const first = firstOf(key, index);
      if (first === index) continue;
      shared.set(first, (shared.get(first) ?? 0) + 1);
      const later = laterOf.get(key);
      if (later === undefined) {
        laterOf.set(key, [index]);
        continue;
      }
      for (const other of later) shared.set(other, (shared.get(other) ?? 0) + 1);
      if (later.length < maxPerKey) later.push(index);
    }
    const least = leastSharedKeys(keys.length);
    for (const [other, count] of shared) if (count >= least) onPair(other, index);
  }
}

/**
 * Key → the index it was first asked with. A table of numbers with open addressing: a Map of as many keys costs more than
 * all the rest.
 */
function createFirsts(most: number): (key: number, index: number) => number {
  const mask = 2 ** Math.ceil(Math.log2(2 * most + 2)) - 1;
  const keys = new Uint32Array(mask + 1);
  const indexes = new Int32Array(mask + 1).fill(-1);
  return (key, index) => {
    let place = Math.imul(key, 0x9e_37_79_b1) & mask;
    while (indexes[place] !== -1 && keys[place] !== key) place = (place + 1) & mask;
    if (indexes[place] === -1) {
      keys[place] = key;
      indexes[place] = index;
    }
    return indexes[place]!;
  };
}
