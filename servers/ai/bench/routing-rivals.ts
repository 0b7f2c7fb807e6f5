// What the router's estimator is compared with in `bench routing`, each fitted to the same training rows.
import type { NearOutcome } from "@sophia/core/routing/outcome-memory";
import { fitLogistic } from "./fit-logistic.ts";
import { fitRidge } from "./fit-ridge.ts";
import { readPromptForm } from "./prompt-form.ts";
import type { RoutingRow } from "./routing-data.ts";
import { sum } from "./routing-scores.ts";

export interface RowEstimate {
  weak: number;
  strong: number;
}

/** Estimates for the test rows, in their order, by what is known of the training rows; both are indices of rows. */
export type Judge = (train: readonly number[], test: readonly number[]) => RowEstimate[];

type Side = keyof RowEstimate;

export interface RivalsOptions {
  rows: readonly RoutingRow[];
  /** By the sentence encoder, of unit length; one for each row. */
  meanings: readonly Float32Array[];
  /** What the router's memory finds near a test row; the ids are `row-` and the index. */
  findNear(train: readonly number[], test: readonly number[]): Record<Side, readonly NearOutcome[]>[];
}

const neighbours = 100;
/** As in core/routing: similarity to this power, and how many outcomes the prior counts as. */
const sharpness = 4;
const priorStrength = 10;

export function createRivals({ rows, meanings, findNear }: RivalsOptions) {
  const forms = rows.map(({ prompt }) => readPromptForm(prompt));
  const scoresOf = (indices: readonly number[], side: Side) => indices.map((index) => rows[index]![side]);
  const bothSides = (judge: (side: Side) => number[]): RowEstimate[] => {
    const strong = judge("strong");
    return judge("weak").map((weak, position) => ({ weak, strong: strong[position]! }));
  };

  /** The reference's router: mean outcome of the 100 nearest by the sentence encoder's cosine, weighted by it. */
  const knn100: Judge = (train, test) =>
    test.map((index) => {
      const similarities = Float32Array.from(train, (other) => dot(meanings[index]!, meanings[other]!));
      const least = similarities.toSorted().at(-neighbours)!;
      const near = train
        .map((other, position) => ({ other, similarity: similarities[position]! }))
        .filter(({ similarity }) => similarity >= least);
      const total = sum(near.map(({ similarity }) => similarity));
      const mean = (side: Side) => sum(near.map(({ other, similarity }) => similarity * rows[other]![side])) / total;
      return { weak: mean("weak"), strong: mean("strong") };
    });

  const logistic: Judge = (train, test) => {
    const inputs = train.map((index) => meanings[index]!);
    return bothSides((side) => {
      const predict = fitLogistic(inputs, scoresOf(train, side));
      return test.map((index) => predict(meanings[index]!));
    });
  };

  /**
   * The router's neighbours tell how far a prompt is from what its form lets expect, instead of from the mean: ridge
   * regression on the form, then the weighted mean of the neighbours' residuals, shrunk to nothing.
   */
  const formAndNeighbours: Judge = (train, test) => {
    const found = findNear(train, test);
    const inputs = train.map((index) => forms[index]!);
    return bothSides((side) => {
      const predict = fitRidge(inputs, scoresOf(train, side));
      const expected = new Map(train.map((index) => [`row-${index}`, predict(forms[index]!)]));
      return test.map((index, position) => {
        let [residuals, weights, squares] = [0, 0, 0];
        for (const { id, similarity, score, weight } of found[position]![side]) {
          const full = weight * Math.max(0, similarity) ** sharpness;
          residuals += full * (score - expected.get(id)!);
          weights += full;
          squares += full * full;
        }
        const count = squares === 0 ? 0 : weights ** 2 / squares;
        return predict(forms[index]!) + (weights === 0 ? 0 : ((residuals / weights) * count) / (count + priorStrength));
      });
    });
  };

  /** No router: told what no router is told, the subject, and nothing else. */
  const subjectMeans: Judge = (train, test) =>
    bothSides((side) => {
      const mean = sum(scoresOf(train, side)) / train.length;
      const bySubject = Map.groupBy(train, (index) => rows[index]!.subject);
      return test.map((index) => {
        const same = bySubject.get(rows[index]!.subject) ?? [];
        return (sum(scoresOf(same, side)) + priorStrength * mean) / (same.length + priorStrength);
      });
    });

  return { knn100, logistic, formAndNeighbours, subjectMeans };
}

function dot(a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let index = 0; index < a.length; index += 1) total += a[index]! * b[index]!;
  return total;
}
