import { bandKeys, type OwnFingerprint } from "./fingerprint.ts";

/** Documents looked at under one band key: a key is not common, so more than this means prints of one story. */
const maxPerKey = 32;
/** Of the keys that two texts share by chance most share one. */
export const leastShared = 2;

/** Calls back with each pair (earlier, later) that shares enough band keys. */
export function forEachCandidate(prints: readonly OwnFingerprint[], onPair: (a: number, b: number) => void): void {
  // Nearly every key has one text only: a list for each would cost more than all the rest.
  const firstOf = new Map<number, number>();
  const laterOf = new Map<number, number[]>();
  const shared = new Map<number, number>();
  for (const [index, print] of prints.entries()) {
    const keys = bandKeys(print);
    shared.clear();
    for (const key of keys) {
      const first = firstOf.get(key);
      if (first === undefined) {
        firstOf.set(key, index);
        continue;
      }
      shared.set(first, (shared.get(first) ?? 0) + 1);
      const later = laterOf.get(key);
      if (later === undefined) {
        laterOf.set(key, [index]);
        continue;
      }
      for (const other of later) shared.set(other, (shared.get(other) ?? 0) + 1);
      if (later.length < maxPerKey) later.push(index);
    }
    const least = Math.min(leastShared, keys.length);
    for (const [other, count] of shared) if (count >= least) onPair(other, index);
  }
}
