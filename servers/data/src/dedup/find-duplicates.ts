import { compareTexts, type DuplicateThresholds, duplicateThresholds } from "./compare-texts.ts";
import {
  bandKeys,
  commonFrom,
  type Fingerprint,
  isCommonIn,
  type OwnFingerprint,
  readFingerprint,
  withOwn,
} from "./fingerprint.ts";
import { createShingleCounts, type ShingleCounts } from "./shingle-counts.ts";

export interface TextDocument {
  id: string;
  text: string;
}

/** Two documents of one batch, by their places in it. */
export interface TextPair {
  a: number;
  b: number;
  reason: "same_text" | "near_text";
  /** 1, or the better covered text's share that the other holds. */
  score: number;
}

/** Documents looked at under one band key: a key is not common, so more than this means prints of one story. */
const maxPerKey = 32;
const leastShared = 2;
/** A text of which less than this is its own is either a filled-in form or one of many prints. */
const mostlyCommon = 0.5;

/**
 * Copies among the texts of one batch, each with its reason. Exact copies point at the first of them, and only that one is
 * compared further. Memory: about 16 bytes for each word.
 */
export function findDuplicates(
  documents: readonly TextDocument[],
  thresholds: DuplicateThresholds = duplicateThresholds,
): TextPair[] {
  const prints = documents.map(({ text }) => readFingerprint(text));
  const { pairs, firsts } = pairExact(prints);
  const total = firsts.reduce((sum, index) => sum + prints[index]!.distinct.length, 0);
  const counts = createShingleCounts({ cells: Math.min(2 ** 26, Math.max(2 ** 16, total * 2)) });
  for (const index of firsts) counts.add(prints[index]!.distinct);
  countReprintsOnce(prints, firsts, counts);
  const isCommon = isCommonIn(counts);
  const own = firsts.map((index) => withOwn(prints[index]!, isCommon));
  forEachCandidate(own, (first, second) => {
    const found = compareTexts(own[first]!, own[second]!, thresholds);
    if (!found.isDuplicate) return;
    const [a, b] = [firsts[first]!, firsts[second]!];
    pairs.push({ a, b, reason: "near_text", score: Math.max(found.coverageA, found.coverageB) });
  });
  return pairs;
}

function pairExact(prints: readonly Fingerprint[]): { pairs: TextPair[]; firsts: number[] } {
  const pairs: TextPair[] = [];
  const firstOf = new Map<string, number>();
  for (const [index, { textHash, words }] of prints.entries()) {
    if (words.length === 0) continue;
    const first = firstOf.get(textHash);
    if (first === undefined) firstOf.set(textHash, index);
    else pairs.push({ a: first, b: index, reason: "same_text", score: 1 });
  }
  return { pairs, firsts: [...firstOf.values()] };
}

/**
 * What stands in many texts is a template's, unless the texts are prints of one story. Prints agree as wholes: those
 * are counted once.
 */
function countReprintsOnce(prints: readonly Fingerprint[], firsts: readonly number[], counts: ShingleCounts): void {
  const isCommon = isCommonIn(counts);
  const suspects = firsts.filter((index) => {
    const { distinct } = prints[index]!;
    let common = 0;
    for (const shingle of distinct) if (isCommon(shingle)) common += 1;
    return common > mostlyCommon * distinct.length;
  });
  if (suspects.length < commonFrom) return;
  const whole = suspects.map((index) => ({ ...prints[index]!, own: prints[index]!.distinct }));
  const firstPrint = new Map<number, number>();
  forEachCandidate(whole, (a, b) => {
    if (firstPrint.has(b)) return;
    const found = compareTexts(whole[a]!, whole[b]!);
    if (found.isDuplicate && found.jaccard >= 0.8) firstPrint.set(b, firstPrint.get(a) ?? a);
  });
  for (const [later, first] of firstPrint) {
    const known = new Set(whole[first]!.distinct);
    counts.remove(whole[later]!.distinct.filter((shingle) => known.has(shingle)));
  }
}

/** Calls back with each pair (earlier, later) that shares enough band keys. */
function forEachCandidate(prints: readonly OwnFingerprint[], onPair: (a: number, b: number) => void): void {
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
