import { mix, readWords } from "./read-words.ts";
import type { ShingleCounts } from "./shingle-counts.ts";

/** What a text is compared by. Nothing of it needs storing but `textHash` and the band keys: it is made from the text. */
export interface Fingerprint {
  words: Uint32Array;
  figures: Uint8Array;
  /** Hash of the three words from each place on, in the text's order. */
  shingles: Uint32Array;
  /** The same, each once. */
  distinct: Uint32Array;
  textHash: string;
}

/** Shingles seen in more texts than this are a template's or the language's, not this text's. */
export const commonFrom = 9;
const bins = 64;
const binShift = 26;

export function readFingerprint(text: string): Fingerprint {
  const { words, figures, textHash } = readWords(text);
  const shingles = toShingles(words);
  return { words, figures, shingles, distinct: distinctOf(shingles), textHash };
}

/** A fingerprint seen from a corpus. */
export interface OwnFingerprint extends Fingerprint {
  /** `distinct` without the shingles that are common in the corpus; sorted. */
  own: Uint32Array;
}

export function withOwn(fingerprint: Fingerprint, isCommon: (shingle: number) => boolean): OwnFingerprint {
  const { distinct } = fingerprint;
  const own = new Uint32Array(distinct.length);
  let count = 0;
  for (let index = 0; index < distinct.length; index += 1) {
    const shingle = distinct[index]!;
    if (!isCommon(shingle)) own[count++] = shingle;
  }
  return { ...fingerprint, own: own.subarray(0, count) };
}

/**
 * Keys under which a text is looked up: 64 bins by hash range, and from each bin its least own shingle (one-permutation
 * MinHash, Li, Owen & Zhang 2012). Two texts with Jaccard index J share each key with probability about J, so that few
 * equal keys make a candidate; that stays cheap only because common shingles are left out.
 */
export function bandKeys({ own }: OwnFingerprint): Uint32Array {
  const keys = new Uint32Array(bins);
  let count = 0;
  for (const shingle of own) {
    // Sorted, so the first of a bin is its least.
    if (count === 0 || shingle >>> binShift !== keys[count - 1]! >>> binShift) keys[count++] = shingle;
  }
  return keys.slice(0, count);
}

/**
 * How many keys a text must have in common with another to be worth comparing. Copies share a seventh of their shingles
 * and more; of the keys that two texts share by chance most share one or two.
 */
export function leastSharedKeys(keyCount: number): number {
  return keyCount >= 48 ? 3 : Math.min(2, keyCount);
}

export function isCommonIn(counts: ShingleCounts): (shingle: number) => boolean {
  return (shingle) => counts.count(shingle) >= commonFrom;
}

function toShingles(words: Uint32Array): Uint32Array {
  if (words.length === 0) return new Uint32Array(0);
  if (words.length < 3) return Uint32Array.of(mix(words.reduce((hash, word) => Math.imul(hash, 31) ^ word, 7)));
  const shingles = new Uint32Array(words.length - 2);
  for (let index = 0; index < shingles.length; index += 1) {
    const hash =
      Math.imul(words[index]!, 0x9e_37_79_b1) ^
      Math.imul((words[index + 1]! << 11) | (words[index + 1]! >>> 21), 0x85_eb_ca_6b) ^
      Math.imul((words[index + 2]! << 22) | (words[index + 2]! >>> 10), 0xc2_b2_ae_35);
    shingles[index] = mix(hash);
  }
  return shingles;
}

function distinctOf(shingles: Uint32Array): Uint32Array {
  const sorted = shingles.slice().sort();
  let kept = 0;
  for (let index = 0; index < sorted.length; index += 1) {
    if (index === 0 || sorted[index] !== sorted[index - 1]) sorted[kept++] = sorted[index]!;
  }
  return sorted.slice(0, kept);
}
