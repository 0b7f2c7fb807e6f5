import { createErrorBudget, type ErrorBudget } from "@sophia/core/cache/error-budget";
import { isRight, type Policy, type Requests } from "./matcher.ts";

export interface Outcome {
  requests: number;
  /** Served ÷ all. */
  hitRate: number;
  /** Wrongly served ÷ all. */
  errorRate: number;
  /** Right ÷ served. */
  precision: number;
  /** Hits that were asked upstream all the same ÷ all. */
  checkRate: number;
}

export const errorLevels = [0.01, 0.02, 0.03, 0.05] as const;
export type HitAtError = Record<(typeof errorLevels)[number], number>;

function toOutcome(requests: number, hits: number, wrong: number, checks = 0): Outcome {
  const share = (part: number, whole: number) => (whole === 0 ? 0 : Number((part / whole).toFixed(4)));
  return {
    requests,
    hitRate: share(hits, requests),
    errorRate: share(wrong, requests),
    precision: hits === 0 ? 1 : share(hits - wrong, hits),
    checkRate: share(checks, requests),
  };
}

/** The cache starts empty; what is served at this threshold is served, all else is asked and inserted. */
export function replayAt(requests: Requests, policy: Policy, threshold: number): Outcome {
  const cached: number[] = [];
  let hits = 0;
  let wrong = 0;
  for (let request = 0; request < requests.texts.length; request += 1) {
    const found = policy(request, cached);
    if (found && found.score >= threshold) {
      hits += 1;
      wrong += isRight(requests, request, found.request) ? 0 : 1;
    } else cached.push(request);
  }
  return toOutcome(requests.texts.length, hits, wrong);
}

/** Most hits of any one threshold at each level of error. */
export function sweepStream(requests: Requests, policy: Policy, thresholds: readonly number[]): HitAtError {
  return bestOf(thresholds.map((threshold) => replayAt(requests, policy, threshold)));
}

export function bestOf(outcomes: readonly { hitRate: number; errorRate: number }[]): HitAtError {
  const best = (level: number) =>
    Math.max(0, ...outcomes.filter(({ errorRate }) => errorRate <= level).map(({ hitRate }) => hitRate));
  return { 0.01: best(0.01), 0.02: best(0.02), 0.03: best(0.03), 0.05: best(0.05) };
}

/** Half of the requests are cached, the others asked: all thresholds at once, from the sorted scores. */
export function sweepHalves(
  requests: Requests,
  policy: Policy,
  halves: { cached: number[]; asked: number[] },
): HitAtError {
  const found = halves.asked.flatMap((request) => {
    const best = policy(request, halves.cached);
    return best ? [{ score: best.score, right: isRight(requests, request, best.request) }] : [];
  });
  const total = halves.asked.length;
  let wrong = 0;
  const outcomes = found
    .toSorted((left, right) => right.score - left.score)
    .map(({ right }, index) => {
      wrong += right ? 0 : 1;
      return { hitRate: Number(((index + 1) / total).toFixed(4)), errorRate: wrong / total };
    });
  return bestOf(outcomes);
}

/**
 * The product's policy: the threshold is learned on the way. A miss is asked, and its fresh answer says whether the
 * nearest one would have been right; a few hits are asked too, and are inserted then.
 */
export function replayOnline(
  requests: Requests,
  policy: Policy,
  options: { budget: number; random: () => number; cached?: number[]; asked?: number[] },
): Outcome & { threshold: number | undefined } {
  const learned: ErrorBudget = createErrorBudget({ budget: () => options.budget, random: options.random });
  const cached = [...(options.cached ?? [])];
  const asked = options.asked ?? requests.texts.map((_, index) => index);
  let hits = 0;
  let wrong = 0;
  let checks = 0;
  for (const request of asked) {
    const found = policy(request, cached);
    learned.observe(found?.score);
    const right = found !== undefined && isRight(requests, request, found.request);
    const { serve, check } = found ? learned.decide(found.score) : { serve: false, check: false };
    if (serve) {
      hits += 1;
      wrong += right ? 0 : 1;
      checks += check ? 1 : 0;
    }
    if (serve && !check) continue;
    if (found) learned.record(found.score, right, serve);
    cached.push(request);
  }
  return { ...toOutcome(asked.length, hits, wrong, checks), threshold: learned.threshold() };
}

/**
 * A rival: vCache's rule after its paper (arXiv 2502.03771), written anew. Each entry keeps the similarities at which its
 * answer was right or wrong, fits a logistic curve to them, and explores with a chance that keeps errors below the budget.
 */
export function replayPerEntryCurves(
  requests: Requests,
  policy: Policy,
  options: { budget: number; random: () => number },
): Outcome {
  const records = new Map<number, { score: number; right: boolean }[]>();
  const cached: number[] = [];
  let hits = 0;
  let wrong = 0;
  for (let request = 0; request < requests.texts.length; request += 1) {
    const found = policy(request, cached);
    const record = found && (records.get(found.request) ?? []);
    const right = found !== undefined && isRight(requests, request, found.request);
    if (found && record && options.random() > exploreChance(record, found.score, options.budget)) {
      hits += 1;
      wrong += right ? 0 : 1;
      continue;
    }
    if (found && record) records.set(found.request, [...record, { score: found.score, right }]);
    if (!right) cached.push(request);
  }
  return toOutcome(requests.texts.length, hits, wrong);
}

/** 1: ask for certain. The lower bound of the chance to be right is one standard error below the fitted one. */
function exploreChance(record: readonly { score: number; right: boolean }[], score: number, budget: number): number {
  if (record.length < 2) return 1;
  let boundary = 0.9;
  for (const candidate of [0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]) {
    if (fit(record, candidate) > fit(record, boundary)) boundary = candidate;
  }
  const chance = curve(score, boundary);
  const lower = Math.max(0, chance - Math.sqrt((chance * (1 - chance) + 0.05) / record.length));
  return Math.min(1, Math.max(0, 1 - budget / Math.max(1e-9, 1 - lower)));
}

const steepness = 25;

function curve(score: number, boundary: number): number {
  return 1 / (1 + Math.exp(-steepness * (score - boundary)));
}

function fit(record: readonly { score: number; right: boolean }[], boundary: number): number {
  return record.reduce((sum, { score, right }) => {
    const chance = curve(score, boundary);
    return sum + Math.log(Math.max(1e-9, right ? chance : 1 - chance));
  }, 0);
}
