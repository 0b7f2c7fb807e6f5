import type { Fingerprint, OwnFingerprint } from "./fingerprint.ts";
import { compareFigures, type FigureAgreement } from "./compare-figures.ts";
import { namesDiffer } from "./compare-names.ts";

/** How far two texts agree. Shares are between 0 and 1. */
export interface TextComparison {
  /** Jaccard index over the shingles that are not common; over all where a text has hardly any such. */
  jaccard: number;
  /** Share of each text that stands in the other: of its stretches of 16 shingles, those that are found again. */
  coverageA: number;
  coverageB: number;
  figures: FigureAgreement;
  isDuplicate: boolean;
}

/** Fixed beforehand, on sets of `testing/make-article-set.ts` that the benchmark does not report. */
export interface DuplicateThresholds {
  /** The text that is better covered, at least: the copy, where one was cut or wrapped. */
  better: number;
  /** The other one: below it one text only quotes the other. */
  other: number;
  /** Both together, on average: where both have a part of their own. */
  mean: number;
}

export const duplicateThresholds: DuplicateThresholds = { better: 0.75, other: 0.25, mean: 0.7 };

/** Shingles in a stretch, and how many of them must be found again: few, so that errors of typing or reading do no harm. */
const longestStretch = 16;
const foundShare = 0.19;
/** A short text is cut into as many stretches: one phrase in common must not speak for all of it. */
const fewestStretches = 6;
const shortestStretch = 4;
/** With fewer shingles of its own a text is compared whole. */
const fewestOwn = 8;
const wholeJaccard = 0.9;
/** Covered stretches hold more than this share of the better covered text's shingles. */
const leastFound = 0.1;
const nothing: Omit<TextComparison, "jaccard"> = {
  coverageA: 0,
  coverageB: 0,
  figures: { same: 0, different: 0, apart: false },
  isDuplicate: false,
};

/** Verifies one candidate pair. */
export function compareTexts(
  a: OwnFingerprint,
  b: OwnFingerprint,
  thresholds: DuplicateThresholds = duplicateThresholds,
): TextComparison {
  const least = Math.min(a.own.length, b.own.length);
  // What is left of a template's text without the template may be a name and a date: too little to judge by.
  if (least < fewestOwn) return compareWhole(a, b);
  const shared = countShared(a.own, b.own);
  const jaccard = shared / (a.own.length + b.own.length - shared);
  if (shared < leastFound * least) return { ...nothing, jaccard };
  const inA = new Set(a.own);
  const inB = new Set(b.own);
  const coverageA = coverageOf(a, inA, inB);
  const coverageB = coverageOf(b, inB, inA);
  const figures = compareFigures(a, b);
  const isDuplicate =
    isCovered(coverageA.share, coverageB.share, thresholds) &&
    !figures.apart &&
    !namesDiffer(a, coverageA.agreeing, b, coverageB.agreeing);
  return { jaccard, coverageA: coverageA.share, coverageB: coverageB.share, figures, isDuplicate };
}

function compareWhole(a: Fingerprint, b: Fingerprint): TextComparison {
  const shared = countShared(a.distinct, b.distinct);
  const jaccard = shared === 0 ? 0 : shared / (a.distinct.length + b.distinct.length - shared);
  if (jaccard < wholeJaccard) return { ...nothing, jaccard };
  const figures = compareFigures(a, b);
  const coverageA = shared / a.distinct.length;
  const coverageB = shared / b.distinct.length;
  return { jaccard, coverageA, coverageB, figures, isDuplicate: figures.different === 0 };
}

/** Of two sorted rows without repeats. */
function countShared(a: Uint32Array, b: Uint32Array): number {
  let shared = 0;
  let inB = 0;
  for (let inA = 0; inA < a.length && inB < b.length; inA += 1) {
    while (inB < b.length && b[inB]! < a[inA]!) inB += 1;
    if (b[inB] === a[inA]) shared += 1;
  }
  return shared;
}

function isCovered(coverageA: number, coverageB: number, thresholds: DuplicateThresholds): boolean {
  const better = Math.max(coverageA, coverageB);
  const other = Math.min(coverageA, coverageB);
  if (other < thresholds.other) return false;
  return better >= thresholds.better || (better + other) / 2 >= thresholds.mean;
}

interface Coverage {
  share: number;
  /** 1 for each word of a stretch that is found again. */
  agreeing: Uint8Array;
}

function coverageOf({ shingles, words }: Fingerprint, own: ReadonlySet<number>, other: ReadonlySet<number>): Coverage {
  const places: number[] = [];
  for (const [place, shingle] of shingles.entries()) if (own.has(shingle)) places.push(place);
  const agreeing = new Uint8Array(words.length);
  const length = Math.min(longestStretch, Math.max(shortestStretch, places.length / fewestStretches));
  const stretches = Math.max(1, Math.round(places.length / length));
  let covered = 0;
  for (let stretch = 0; stretch < stretches; stretch += 1) {
    const from = Math.floor((stretch * places.length) / stretches);
    const to = Math.floor(((stretch + 1) * places.length) / stretches);
    let found = 0;
    for (let index = from; index < to; index += 1) if (other.has(shingles[places[index]!]!)) found += 1;
    if (found < Math.max(2, Math.ceil(foundShare * (to - from)))) continue;
    covered += to - from;
    agreeing.fill(1, places[from], places[to - 1]! + 3);
  }
  return { share: covered / places.length, agreeing };
}
