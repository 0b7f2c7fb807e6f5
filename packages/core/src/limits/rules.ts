/** A published rate. Weighted calls take more than one request from it. */
export interface RateRule {
  requests: number;
  perMs: number;
  /** The part of the published rate we allow ourselves; the rest is for other users of the key. Default 0.9. */
  capacityFraction?: number;
  /** Requests that may go out at once after a pause. Default a tenth of `requests`, at least one. */
  burst?: number;
}

/** A published number of calls in flight. The limiter stays under it and finds the true value by itself. */
export interface ConcurrencyRule {
  concurrent: number;
  /** Response header in which the vendor states the current number, e.g. ZenRows' `concurrency-limit`. */
  header?: string;
}

/** One row of a vendor's limit table; the first row that matches a call decides. */
export interface LimitRow {
  /** The vendor's limit class. Calls of one class share one budget. */
  class: string;
  method?: string;
  /** Tested against the path without the query. */
  path?: RegExp;
  rate?: RateRule;
  concurrency?: ConcurrencyRule;
  /** A 429 of this class pauses only this class, not every call under the same credential. */
  ownGate?: boolean;
  /** The vendor's page, or the measurement, the numbers come from. */
  source: string;
}

const defaultCapacityFraction = 0.9;
const defaultBurstFraction = 0.1;

/** Time one unit of weight takes, milliseconds. */
export function intervalMs(rule: RateRule): number {
  return rule.perMs / (rule.requests * (rule.capacityFraction ?? defaultCapacityFraction));
}

/** How far ahead of its steady pace a key may be, milliseconds. */
export function toleranceMs(rule: RateRule): number {
  return intervalMs(rule) * Math.max(1, rule.burst ?? rule.requests * defaultBurstFraction);
}

/** Of the cap. A round is as many answers as the limit allows at once, so the limit regains a tenth of the cap per round. */
export const concurrencyGrowthPerRound = 0.1;
/** Near the limit that was rejected last the growth is this much slower; past it the vendor has more room again. */
export const kneeCaution = 0.1;
export const kneeFrom = 0.9;
export const kneeTo = 1.2;
export const concurrencyDecrease = 0.8;
/** Rejections of one burst count once: they were all sent under the same limit. */
export const concurrencyDecreaseEveryMs = 1_000;
export const slowStartMs = 10_000;
/** The pace right after a gate opens, as a part of the full pace. */
export const slowStartFloor = 0.1;
