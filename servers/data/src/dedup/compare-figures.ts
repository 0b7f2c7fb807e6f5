import type { Fingerprint } from "./fingerprint.ts";

/** Figures of two texts that stand between the same words. */
export interface FigureAgreement {
  same: number;
  different: number;
  /** The texts are one form filled in twice: the weather of two towns, the results of two quarters. */
  apart: boolean;
}

/**
 * A figure's place is the word before it and the word after it; neighbours that are figures themselves count as any
 * figure. Copies keep the figures of a place, but for a misread digit or a corrected number; forms change most of them.
 */
export function compareFigures(a: Fingerprint, b: Fingerprint): FigureAgreement {
  const inA = figuresByPlace(a);
  const inB = figuresByPlace(b);
  let same = 0;
  let different = 0;
  for (const [place, figures] of inA) {
    const others = inB.get(place);
    if (!others) continue;
    const common = figures.filter((figure) => others.includes(figure)).length;
    same += common;
    different += Math.min(figures.length, others.length) - Math.min(common, figures.length, others.length);
  }
  const apart =
    different >= fewestChanged ? different >= changedShare * (same + different) : different === 2 && same < 2;
  return { same, different, apart };
}

/** A story brought up to date changes a few figures of many. */
const fewestChanged = 3;
const changedShare = 0.4;
/** Stands for any figure beside a figure, and for the text's ends. */
const anyFigure = 0x5b_d1_e9_95;

function figuresByPlace({ words, figures }: Fingerprint): Map<number, number[]> {
  const places = new Map<number, number[]>();
  const wordAt = (index: number): number =>
    index < 0 || index >= words.length || figures[index] === 1 ? anyFigure : words[index]!;
  for (let index = 0; index < words.length; index += 1) {
    if (figures[index] !== 1) continue;
    const place = Math.imul(wordAt(index - 1), 31) ^ Math.imul(wordAt(index + 1), 0x9e_37_79_b1);
    const found = places.get(place);
    if (found === undefined) places.set(place, [words[index]!]);
    else if (!found.includes(words[index]!)) found.push(words[index]!);
  }
  return places;
}
