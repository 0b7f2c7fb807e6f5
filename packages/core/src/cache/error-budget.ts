import { clopperPearsonUpper } from "../statistics/clopper-pearson.ts";
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
const keptSpread = 0.5 ** (1 / spreadHalfLife);
/** As many requests with scores anywhere are taken for granted until real ones have come. */
const assumedRequests = 40;
/** A match more likely wrong than this is not served, however seldom there is one. */
const highestChance = 0.25;
/** Checks after which one counts half as much. */
const checkHalfLife = 2_500;
const keptChecks = 0.5 ** (1 / checkHalfLife);
/** Confidence of the bound for the threshold, and of the one that is shown. */
const servingConfidence = 0.9;
const shownConfidence = 0.95;
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
  return new LearnedErrorBudget(options);
}

class LearnedErrorBudget implements ErrorBudget {
  readonly #options: ErrorBudgetOptions;
  readonly #bins: ScoreBin[] = Array.from({ length: binCount }, () => ({ checks: 0, wrong: 0 }));
  /** Where scores fall; at first, and after a restart, anywhere. */
  readonly #spread = new Float64Array(binCount).fill(assumedRequests / binCount);
  #spreadTotal = assumedRequests;
  /** Checks of served answers alone: what the curve promises is compared with them. */
  #served = { checks: 0, wrong: 0, expected: 0 };
  #total = 0;
  #sinceFit = 0;
  #curve: ErrorCurve = fitErrorCurve(this.#bins);
  #threshold: { value: number | undefined; budget: number } | undefined;

  constructor(options: ErrorBudgetOptions) {
    this.#options = options;
  }

  get calibrated(): boolean {
    return this.#total >= fewestChecks;
  }

  observe(score: number | undefined): void {
    for (let bin = 0; bin < binCount; bin += 1) this.#spread[bin] = (this.#spread[bin] ?? 0) * keptSpread;
    this.#spreadTotal = this.#spreadTotal * keptSpread + 1;
    if (score !== undefined) this.#spread[binOf(score)] = (this.#spread[binOf(score)] ?? 0) + 1;
    this.#sinceFit += 1;
  }

  decide(score: number, entry?: EntryChecks, ownBudget = Infinity): { serve: boolean; check: boolean } {
    const lowest = this.#thresholdFor(Math.min(this.#options.budget(), ownBudget));
    if (lowest === undefined) return { serve: false, check: false };
    let serve = score >= lowest;
    if (entry && entry.checks >= entryChecksNeeded) {
      const own = (entry.wrong + entryPrior * this.#curve.at(score)) / (entry.checks + entryPrior);
      serve = own <= this.#curve.at(lowest);
    }
    const share = Math.max(smallestCheckShare, eagerChecks / (eagerChecks + this.#served.checks));
    return { serve, check: serve && (this.#options.random ?? Math.random)() < share };
  }

  record(score: number, correct: boolean, served: boolean): void {
    this.#fade();
    const wrong = correct ? 0 : 1;
    const bin = this.#bins[binOf(score)];
    if (bin) {
      bin.checks += 1;
      bin.wrong += wrong;
    }
    if (served) {
      this.#served.checks += 1;
      this.#served.wrong += wrong;
      this.#served.expected += this.#curve.at(score);
    }
    this.#total += 1;
    this.#sinceFit += 1;
  }

  threshold(): number | undefined {
    return this.#thresholdFor(this.#options.budget());
  }

  errorRate(): { estimate: number; bound: number } {
    const lowest = this.threshold();
    if (lowest === undefined) return { estimate: 0, bound: 0 };
    const bin = binOf(lowest);
    let estimate = 0;
    for (let index = bin; index < binCount; index += 1)
      estimate += this.#shareOf(index) * this.#curve.at(scoreOf(index));
    const bound = this.#boundFrom(bin, shownConfidence);
    return { estimate: Math.min(bound, this.#surprise() * estimate), bound };
  }

  #fade(): void {
    for (const bin of this.#bins) {
      bin.checks *= keptChecks;
      bin.wrong *= keptChecks;
    }
    const { checks, wrong, expected } = this.#served;
    this.#served = { checks: checks * keptChecks, wrong: wrong * keptChecks, expected: expected * keptChecks };
  }

  /**
   * Upper bound of the share of requests that would be served a wrong answer from this score on: how many come there,
   * times the exact bound (Clopper and Pearson) on how many of the checked ones there were wrong. Scores just above the
   * threshold are checked more often than high ones, so it is rather too high. Beyond `enough` it is not worked out.
   */
  #boundFrom(bin: number, confidence: number, enough = Infinity): number {
    let share = 0;
    let checks = 0;
    let wrong = 0;
    for (let index = bin; index < binCount; index += 1) {
      share += this.#shareOf(index);
      checks += this.#bins[index]?.checks ?? 0;
      wrong += this.#bins[index]?.wrong ?? 0;
    }
    if (checks <= 0) return share;
    const scaled = this.#surprise() * share;
    const seen = (scaled * wrong) / checks;
    return seen > enough ? seen : scaled * clopperPearsonUpper(wrong, checks, confidence);
  }

  #shareOf(bin: number): number {
    return (this.#spread[bin] ?? 0) / this.#spreadTotal;
  }

  /** Served answers turned out worse than the curve says: all checks are then too friendly by about this factor. */
  #surprise(): number {
    return Math.max(1, (this.#served.wrong + 2) / (this.#served.expected + 2));
  }

  #thresholdFor(budget: number): number | undefined {
    const outdated = this.#sinceFit >= refitEvery;
    if (outdated) {
      this.#curve = fitErrorCurve(this.#bins);
      this.#sinceFit = 0;
    }
    if (!this.#threshold || outdated || this.#threshold.budget !== budget) {
      this.#threshold = { value: this.#findThreshold(budget), budget };
    }
    return this.#threshold.value;
  }

  #findThreshold(budget: number): number | undefined {
    if (!this.calibrated) return undefined;
    let found: number | undefined;
    for (let bin = binCount - 1; bin >= 0; bin -= 1) {
      if (this.#curve.at(scoreOf(bin)) > highestChance) break;
      // Not monotone: the highest scores are few, and few checks prove little.
      if (this.#boundFrom(bin, servingConfidence, budget) <= budget) found = bin / binCount;
    }
    return found;
  }
}
