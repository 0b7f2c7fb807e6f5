import { binCount, binOf, type ErrorCurve, fitErrorCurve, type ScoreBin, scoreOf } from "./error-curve.ts";

export interface ErrorBudgetOptions {
  /** Wrong answers served as a share of all requests. Read anew at each decision. */
  budget(): number;
  /** 0 to 1; decides which hits are checked. Default Math.random. */
  random?(): number;
}

export interface EntryChecks {
  checks: number;
  wrong: number;
}

/** What has been learned of one category, and what may be served because of it. */
export interface ErrorBudget {
  /** A request came; `score` of its best match, where there was one that the guard let through. */
  observe(score: number | undefined): void;
  decide(score: number, entry?: EntryChecks, ownBudget?: number): { serve: boolean; check: boolean };
  /** A match of this score was right or wrong: a miss whose nearest answer was compared, a checked hit, a verdict. */
  record(score: number, correct: boolean, served: boolean): void;
  /** Score from which answers are served now; `undefined`: from none. */
  threshold(): number | undefined;
  /** Share of all requests served a wrong answer: estimate and upper 95 % bound. */
  errorRate(): { estimate: number; bound: number };
  /** Enough has been seen for a promise. */
  readonly calibrated: boolean;
}

/** Requests after which one counts half as much for how scores are spread. The cache fills, and scores rise. */
const spreadHalfLife = 600;
/** Checks after which one counts half as much. */
const checkHalfLife = 2_500;
/** One-sided 90 % for the threshold, 95 % for the bound that is shown. */
const servingDeviations = 1.28;
const shownDeviations = 1.64;
/** No promise before this many checks. */
const fewestChecks = 60;
const refitEvery = 12;
/** The first hits are nearly all checked, later ones less and less. */
const eagerChecks = 12;
const smallestCheckShare = 0.02;
/** An entry's own record counts from here on, and against this many checks' worth of the curve. */
const entryChecksNeeded = 10;
const entryPrior = 10;

export function createErrorBudget(options: ErrorBudgetOptions): ErrorBudget {
  const random = options.random ?? Math.random;
  const bins: ScoreBin[] = Array.from({ length: binCount }, () => ({ checks: 0, wrong: 0 }));
  /** Checks of served answers alone: what the curve promises is compared with them. */
  const spread = new Float64Array(binCount);
  let spreadTotal = 0;
  let served = { checks: 0, wrong: 0, expected: 0 };
  let total = 0;
  let sinceFit = 0;
  let curve: ErrorCurve = fitErrorCurve(bins);
  let threshold: { value: number | undefined; budget: number } | undefined;

  function fade(): void {
    const keep = 0.5 ** (1 / checkHalfLife);
    for (const bin of bins) {
      bin.checks *= keep;
      bin.wrong *= keep;
    }
    served = { checks: served.checks * keep, wrong: served.wrong * keep, expected: served.expected * keep };
  }

  /** Served answers turned out worse than the curve says: the curve is then too friendly by about this factor. */
  function surprise(): number {
    return Math.max(1, (served.wrong + 2) / (served.expected + 2));
  }

  function riskFrom(bin: number, deviations: number): number {
    const weights = Array.from(spread, (count, index) => (index >= bin ? count / Math.max(1, spreadTotal) : 0));
    const mean = weights.reduce((sum, weight, index) => sum + weight * curve.at(scoreOf(index)), 0);
    return surprise() * (mean + deviations * curve.deviation(weights));
  }

  function findThreshold(budget: number): number | undefined {
    if (total < fewestChecks) return undefined;
    let found: number | undefined;
    for (let bin = binCount - 1; bin >= 0; bin -= 1) {
      if (riskFrom(bin, servingDeviations) > budget) break;
      found = bin / binCount;
    }
    return found;
  }

  function thresholdFor(budget: number): number | undefined {
    if (!threshold || sinceFit >= refitEvery || threshold.budget !== budget) {
      if (sinceFit >= refitEvery) {
        curve = fitErrorCurve(bins);
        sinceFit = 0;
      }
      threshold = { value: findThreshold(budget), budget };
    }
    return threshold.value;
  }

  return {
    observe(score) {
      const keep = 0.5 ** (1 / spreadHalfLife);
      for (let bin = 0; bin < binCount; bin += 1) spread[bin] = (spread[bin] ?? 0) * keep;
      spreadTotal = spreadTotal * keep + 1;
      if (score !== undefined) spread[binOf(score)] = (spread[binOf(score)] ?? 0) + 1;
      sinceFit += 1;
    },
    decide(score, entry, ownBudget) {
      const lowest = thresholdFor(Math.min(options.budget(), ownBudget ?? Infinity));
      if (lowest === undefined) return { serve: false, check: false };
      let serve = score >= lowest;
      if (entry && entry.checks >= entryChecksNeeded) {
        const own = (entry.wrong + entryPrior * curve.at(score)) / (entry.checks + entryPrior);
        serve = own <= curve.at(lowest);
      }
      const share = Math.max(smallestCheckShare, eagerChecks / (eagerChecks + served.checks));
      return { serve, check: serve && random() < share };
    },
    record(score, correct, wasServed) {
      fade();
      const bin = bins[binOf(score)];
      if (bin) {
        bin.checks += 1;
        bin.wrong += correct ? 0 : 1;
      }
      if (wasServed) {
        served.checks += 1;
        served.wrong += correct ? 0 : 1;
        served.expected += curve.at(score);
      }
      total += 1;
      sinceFit += 1;
    },
    threshold: () => thresholdFor(options.budget()),
    errorRate() {
      const lowest = thresholdFor(options.budget());
      if (lowest === undefined) return { estimate: 0, bound: 0 };
      return { estimate: riskFrom(binOf(lowest), 0), bound: riskFrom(binOf(lowest), shownDeviations) };
    },
    get calibrated() {
      return total >= fewestChecks;
    },
  };
}
