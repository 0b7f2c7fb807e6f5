import { compareTexts } from "./compare-texts.ts";
import { commonFrom, type Fingerprint, type OwnFingerprint } from "./fingerprint.ts";
import { forEachCandidate } from "./for-each-candidate.ts";
import type { ShingleCounts } from "./shingle-counts.ts";

/** A text of which more than this is common stands in a frame, is a filled-in form, or is one of many prints. */
const notableShare = 0.3;
const smallestFamily = 3;
/** What a third of a family share, against the length of its texts: all of it for prints, the form alone for forms. */
const printShare = 0.9;

/**
 * What stands in many texts is a template's, unless the texts are prints of one story: those are counted once. Errors
 * of printing fall in other places in each print, so that many agree at every place; a form's blanks are filled in
 * differently by all, so that what many forms share is shorter than any of them. Returns whether any count changed.
 */
export function countReprintsOnce(prints: readonly OwnFingerprint[], counts: ShingleCounts): boolean {
  const suspects = prints.filter(({ own, distinct }) => own.length < (1 - notableShare) * distinct.length);
  let changed = false;
  for (const family of suspects.length < commonFrom ? [] : findFamilies(suspects)) {
    const shared = sharedByMany(family);
    if (shared.size < printShare * medianLength(family)) continue;
    for (const { distinct } of family.slice(1)) counts.remove(distinct.filter((shingle) => shared.has(shingle)));
    changed = true;
  }
  return changed;
}

/** Texts that would be copies if nothing were common. */
function findFamilies(suspects: readonly Fingerprint[]): Fingerprint[][] {
  const whole = suspects.map((print) => ({ ...print, own: print.distinct }));
  const familyOf = new Map<number, number[]>();
  forEachCandidate(whole, (a, b) => {
    const familyA = familyOf.get(a) ?? [a];
    const familyB = familyOf.get(b) ?? [b];
    if (familyA === familyB) return;
    if (!compareTexts(whole[a]!, whole[b]!).isDuplicate) return;
    const joined = [...familyA, ...familyB];
    for (const index of joined) familyOf.set(index, joined);
  });
  const families = [...new Set(familyOf.values())].filter((family) => family.length >= smallestFamily);
  return families.map((family) => family.toSorted((a, b) => a - b).map((index) => suspects[index]!));
}

function medianLength(family: readonly Fingerprint[]): number {
  const lengths = family.map(({ distinct }) => distinct.length).toSorted((a, b) => a - b);
  return lengths[Math.floor(lengths.length / 2)]!;
}

function sharedByMany(family: readonly Fingerprint[]): Set<number> {
  const seen = new Map<number, number>();
  for (const { distinct } of family) for (const shingle of distinct) seen.set(shingle, (seen.get(shingle) ?? 0) + 1);
  return new Set([...seen].filter(([, times]) => times * 3 >= family.length).map(([shingle]) => shingle));
}
