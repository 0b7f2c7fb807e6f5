import { compareTexts, type DuplicateThresholds, duplicateThresholds } from "./compare-texts.ts";
import { countReprintsOnce } from "./count-reprints.ts";
import { type Fingerprint, isCommonIn, type OwnFingerprint, readFingerprint, withOwn } from "./fingerprint.ts";
import { forEachCandidate } from "./for-each-candidate.ts";
import { createShingleCounts } from "./shingle-counts.ts";

export interface TextDocument {
  id: string;
  text: string;
}

/** Two documents of one batch, by their places in it. */
export interface TextPair {
  a: number;
  b: number;
  reason: "same_text" | "near_text";
  /** 1, or the share of the two texts that agrees. */
  score: number;
}

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
  const isCommon = isCommonIn(counts);
  const readOwn = (): OwnFingerprint[] => firsts.map((index) => withOwn(prints[index]!, isCommon));
  const before = readOwn();
  const own = countReprintsOnce(before, counts) ? readOwn() : before;
  forEachCandidate(own, (first, second) => {
    const found = compareTexts(own[first]!, own[second]!, thresholds);
    if (!found.isDuplicate) return;
    const [a, b] = [firsts[first]!, firsts[second]!];
    pairs.push({ a, b, reason: "near_text", score: (found.coverageA + found.coverageB) / 2 });
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
