import { bootstrapInterval } from "@sophia/core/statistics/bootstrap-interval";
import type { Interval } from "@sophia/core/statistics/clopper-pearson";
import { quantileOf } from "@sophia/core/statistics/quantile-of";
import type { ItemResult } from "./evaluation-store.ts";

export interface ModelScore {
  model: string;
  /** Items that were answered and judged. */
  judged: number;
  failed: number;
  /** Mean of the scores, 0 to 1, with its 95 % interval over items. Undefined where nothing was judged. */
  meanScore: number | undefined;
  interval: Interval | undefined;
  answerUsd: number;
  judgeUsd: number;
  medianMs: number | undefined;
  /** Against the earlier run of the same items. */
  change: { difference: number; interval: Interval | undefined; items: number } | undefined;
}

/** Results of a run by model, the best first, each compared with itself in an earlier run, item by item. */
export function summariseEvaluation(
  models: readonly string[],
  results: readonly ItemResult[],
  earlier: readonly ItemResult[],
): ModelScore[] {
  const scores = models.map((model): ModelScore => {
    const own = results.filter((result) => result.model === model);
    const judged = own.flatMap(({ score }) => score ?? []);
    const times = own.filter(({ error }) => error === undefined).map(({ totalMs }) => totalMs);
    return {
      model,
      judged: judged.length,
      failed: own.filter(({ error }) => error !== undefined).length,
      meanScore: judged.length === 0 ? undefined : meanOf(judged),
      interval: bootstrapInterval(judged, meanOf),
      answerUsd: sumOf(own, ({ answerUsd }) => answerUsd),
      judgeUsd: sumOf(own, ({ judgeUsd }) => judgeUsd),
      medianMs: times.length === 0 ? undefined : quantileOf(times, 0.5),
      change: changeOf(
        own,
        earlier.filter((result) => result.model === model),
      ),
    };
  });
  return scores.toSorted((first, second) => (second.meanScore ?? -1) - (first.meanScore ?? -1));
}

/** Pairs by item: what makes one question harder than another cancels out. */
function changeOf(now: readonly ItemResult[], before: readonly ItemResult[]): ModelScore["change"] {
  const earlierScores = new Map(before.map(({ item, score }) => [item, score]));
  const differences = now.flatMap(({ item, score }) => {
    const earlier = earlierScores.get(item);
    return score === undefined || earlier === undefined ? [] : score - earlier;
  });
  if (differences.length === 0) return undefined;
  return {
    difference: meanOf(differences),
    interval: bootstrapInterval(differences, meanOf),
    items: differences.length,
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sumOf(results: readonly ItemResult[], valueOf: (result: ItemResult) => number): number {
  return results.reduce((sum, result) => sum + valueOf(result), 0);
}
