import { chiSquareHomogeneity } from "@sophia/core/statistics/chi-square";
import { jensenShannonDistance, populationStabilityIndex } from "@sophia/core/statistics/distribution-distance";
import { kolmogorovSmirnov } from "@sophia/core/statistics/kolmogorov-smirnov";
import { mannWhitney } from "@sophia/core/statistics/mann-whitney";
import { meanDiscrepancy } from "@sophia/core/statistics/mean-discrepancy";
import { quantileOf } from "@sophia/core/statistics/quantile-of";
import { fisherExact, shareDifference } from "@sophia/core/statistics/share-difference";
import type { ModelPeriod, QualityCall } from "./load-period.ts";
import type { Comparison, MeasureName } from "./measure.ts";

/** Below this many values on a side no test is made: what it found would be luck. */
const minimumValues = 20;

/** All measures of one model that have any value in the current period. */
export function comparePeriods(reference: ModelPeriod, current: ModelPeriod): Comparison[] {
  const [before, now] = [reference.calls, current.calls];
  const [answeredBefore, answeredNow] = [before.filter(isAnswered), now.filter(isAnswered)];
  const lengthOf = (call: QualityCall): number => call.answerCharacters;
  const scoresOf = ({ scores }: ModelPeriod, kind: "human" | "model"): number[] =>
    scores.filter((said) => said.kind === kind).map((said) => said.score);
  const comparisons = [
    compareShares("error_rate", [before, now], { of: (call) => call.failed, minimumEffect: 0.01 }),
    compareTimes("latency", [answeredBefore, answeredNow], (call) => call.totalMs),
    compareTail([answeredBefore, answeredNow]),
    compareTimes("first_token", [answeredBefore, answeredNow], (call) => call.firstTokenMs),
    compareShares("refusal_rate", [answeredBefore, answeredNow], { of: (call) => call.refusal, minimumEffect: 0.02 }),
    compareLengths([answeredBefore, answeredNow], lengthOf),
    compareMix("finish_reasons", [answeredBefore, answeredNow], (call) => call.finishReason),
    compareScores("judge_score", scoresOf(reference, "model"), scoresOf(current, "model")),
    compareScores("feedback_score", scoresOf(reference, "human"), scoresOf(current, "human")),
    compareQuestions([before, now]),
    compareMix("traffic_mix", [before, now], (call) => call.category),
  ];
  return comparisons.filter(({ currentCount }) => currentCount > 0);
}

type Pair = readonly [readonly QualityCall[], readonly QualityCall[]];

function isAnswered(call: QualityCall): boolean {
  return !call.failed;
}

function enough(first: { length: number }, second: { length: number }): boolean {
  return Math.min(first.length, second.length) >= minimumValues;
}

function compareShares(
  name: MeasureName,
  [before, now]: Pair,
  { of, minimumEffect }: { of(call: QualityCall): boolean; minimumEffect: number },
): Comparison {
  const first = { count: before.filter(of).length, total: before.length };
  const second = { count: now.filter(of).length, total: now.length };
  const { difference, lower, upper } = shareDifference(first, second);
  return {
    name,
    reference: first.total === 0 ? 0 : first.count / first.total,
    current: second.total === 0 ? 0 : second.count / second.total,
    ...countsOf(before, now),
    pValue: enough(before, now) ? fisherExact(first, second) : undefined,
    effect: difference,
    minimumEffect,
    worse: 1,
    interval: { lower, upper },
    series: seriesOf([before, now], (call) => (of(call) ? 1 : 0)),
  };
}

/** The median, and whether the whole distribution moved. The effect is the logarithm of the medians' ratio. */
function compareTimes(name: MeasureName, pair: Pair, timeOf: (call: QualityCall) => number | undefined): Comparison {
  const [first, second] = pair.map((calls) => calls.map(timeOf).filter((value) => value !== undefined)) as [
    number[],
    number[],
  ];
  const [reference, current] = [medianOf(first), medianOf(second)];
  return {
    name,
    reference,
    current,
    ...countsOf(first, second),
    pValue: enough(first, second) ? kolmogorovSmirnov(first, second).pValue : undefined,
    effect: logRatio(reference, current),
    minimumEffect: Math.log(1.2),
    worse: 1,
    series: seriesOf(pair, (call) => Math.log1p(timeOf(call) ?? 0)),
  };
}

/** The slow end: how many calls are slower than all but 5 % were before. */
function compareTail([before, now]: Pair): Comparison {
  const [first, second] = [before.map((call) => call.totalMs), now.map((call) => call.totalMs)];
  const [reference, current] = [first, second].map((times) => (times.length === 0 ? 0 : quantileOf(times, 0.95))) as [
    number,
    number,
  ];
  const slower = (times: readonly number[]) => ({
    count: times.filter((time) => time > reference).length,
    total: times.length,
  });
  const [slowBefore, slowNow] = [slower(first), slower(second)];
  const { lower, upper } = shareDifference(slowBefore, slowNow);
  return {
    name: "latency_p95",
    reference,
    current,
    ...countsOf(first, second),
    pValue: enough(first, second) ? fisherExact(slowBefore, slowNow) : undefined,
    effect: logRatio(reference, current),
    minimumEffect: Math.log(1.25),
    worse: 1,
    interval: { lower, upper },
  };
}

/** The median length; the effect is the population stability index, whose convention calls 0.1 a change. */
function compareLengths(pair: Pair, lengthOf: (call: QualityCall) => number): Comparison {
  const [first, second] = [pair[0].map(lengthOf), pair[1].map(lengthOf)];
  return {
    name: "answer_length",
    reference: medianOf(first),
    current: medianOf(second),
    ...countsOf(first, second),
    pValue: enough(first, second) ? kolmogorovSmirnov(first, second).pValue : undefined,
    effect: populationStabilityIndex([...first], [...second]),
    minimumEffect: 0.1,
    worse: 0,
    series: seriesOf(pair, (call) => Math.log1p(lengthOf(call))),
  };
}

/** How categories are mixed; figures are the share of the commonest of the reference. The effect is a distance, 0 to 1. */
function compareMix(name: MeasureName, [before, now]: Pair, categoryOf: (call: QualityCall) => string): Comparison {
  const countsBefore = countBy(before, categoryOf);
  const countsNow = countBy(now, categoryOf);
  const names = commonest(countBy([...before, ...now], categoryOf));
  const vector = (counts: ReadonlyMap<string, number>): number[] => {
    const named = names.map((category) => counts.get(category) ?? 0);
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    return [...named, all - named.reduce((sum, count) => sum + count, 0)];
  };
  const pair = { first: vector(countsBefore), second: vector(countsNow) };
  const [top = ""] = commonest(countsBefore);
  return {
    name,
    reference: (countsBefore.get(top) ?? 0) / Math.max(1, before.length),
    current: (countsNow.get(top) ?? 0) / Math.max(1, now.length),
    ...countsOf(before, now),
    pValue: enough(before, now) ? chiSquareHomogeneity(pair).pValue : undefined,
    effect: jensenShannonDistance(pair),
    minimumEffect: 0.15,
    worse: 0,
  };
}

function compareScores(name: MeasureName, first: readonly number[], second: readonly number[]): Comparison {
  const [reference, current] = [meanOf(first), meanOf(second)];
  return {
    name,
    reference,
    current,
    ...countsOf(first, second),
    pValue: enough(first, second) ? mannWhitney(first, second).pValue : undefined,
    effect: current - reference,
    minimumEffect: 0.05,
    worse: -1,
  };
}

/** Where the questions lie; figures are the distance of the mean vectors. */
function compareQuestions([before, now]: Pair): Comparison {
  // After a change of the embedding model only what the newest call was read with can be compared.
  const embeddedBy = now.findLast(({ sketch }) => sketch)?.sketch?.model;
  const sketchesOf = (calls: readonly QualityCall[]): Float32Array[] =>
    calls.flatMap(({ sketch }) => (sketch?.model === embeddedBy ? (sketch?.vector ?? []) : []));
  const [first, second] = [sketchesOf(before), sketchesOf(now)];
  const isTestable = enough(first, second);
  const found = isTestable ? meanDiscrepancy(first, second, { seed: 1 }) : undefined;
  return {
    name: "questions",
    reference: 0,
    current: found?.centroidDistance ?? 0,
    ...countsOf(first, second),
    pValue: found?.pValue,
    effect: found?.squared ?? 0,
    minimumEffect: 0.02,
    worse: 0,
  };
}

function countsOf(first: { length: number }, second: { length: number }) {
  return { referenceCount: first.length, currentCount: second.length };
}

function seriesOf([before, now]: Pair, valueOf: (call: QualityCall) => number) {
  return [...before, ...now].map((call) => ({ at: call.at, value: valueOf(call) }));
}

function logRatio(reference: number, current: number): number {
  return reference > 0 && current > 0 ? Math.log(current / reference) : 0;
}

function medianOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : quantileOf(values, 0.5);
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function countBy(calls: readonly QualityCall[], categoryOf: (call: QualityCall) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const call of calls) counts.set(categoryOf(call), (counts.get(categoryOf(call)) ?? 0) + 1);
  return counts;
}

/** The rest is one category: a test over hundreds of rare ones finds nothing. */
function commonest(counts: ReadonlyMap<string, number>): string[] {
  const sorted = [...counts].toSorted(([, first], [, second]) => second - first);
  return sorted.slice(0, 12).map(([category]) => category);
}
