import { compareTexts } from "./compare-texts.ts";
import { commonFrom, type Fingerprint, isCommonIn } from "./fingerprint.ts";
import { forEachCandidate } from "./for-each-candidate.ts";
import type { ShingleCounts } from "./shingle-counts.ts";

/** A text of which less than this is its own is either a filled-in form or one of many prints. */
const mostlyCommon = 0.5;
/** What most of a family share, against the length of its texts: all of it for prints, the form alone for forms. */
const printShare = 0.9;

/**
 * What stands in many texts is a template's, unless the texts are prints of one story: those are counted once. Errors
 * of printing fall in other places in each print, so that most prints agree at every place; a form's blanks are filled
 * in differently by all, so that what most forms share is shorter than any of them.
 */
export function countReprintsOnce(prints: readonly Fingerprint[], counts: ShingleCounts): void {
  const isCommon = isCommonIn(counts);
  const suspects = prints.filter(({ distinct }) => {
    let common = 0;
    for (const shingle of distinct) if (isCommon(shingle)) common += 1;
    return common > mostlyCommon * distinct.length;
  });
  if (suspects.length < commonFrom) return;
  for (const family of findFamilies(suspects)) {
    const shared = sharedByMost(family);
    const length = family.reduce((sum, { distinct }) => sum + distinct.length, 0) / family.length;
    if (shared.size < printShare * length) continue;
    for (const { distinct } of family.slice(1)) counts.remove(distinct.filter((shingle) => shared.has(shingle)));
  }
}

/** Texts that agree over nearly their whole length, as far as that is enough to be common. */
function findFamilies(suspects: readonly Fingerprint[]): Fingerprint[][] {
  const whole = suspects.map((print) => ({ ...print, own: print.distinct }));
  const familyOf = new Map<number, number[]>();
  forEachCandidate(whole, (a, b) => {
    const familyA = familyOf.get(a) ?? [a];
    const familyB = familyOf.get(b) ?? [b];
    if (familyA === familyB) return;
    const { coverageA, coverageB } = compareTexts(whole[a]!, whole[b]!);
    if (Math.min(coverageA, coverageB) < printShare) return;
    const joined = [...familyA, ...familyB];
    for (const index of joined) familyOf.set(index, joined);
  });
  const families = [...new Set(familyOf.values())].filter((family) => family.length >= commonFrom);
  return families.map((family) => family.toSorted((a, b) => a - b).map((index) => suspects[index]!));
}

function sharedByMost(family: readonly Fingerprint[]): Set<number> {
  const seen = new Map<number, number>();
  for (const { distinct } of family) for (const shingle of distinct) seen.set(shingle, (seen.get(shingle) ?? 0) + 1);
  return new Set([...seen].filter(([, times]) => times * 2 > family.length).map(([shingle]) => shingle));
}
