import type { Clock } from "./clock.ts";
import {
  concurrencyDecrease,
  concurrencyDecreaseEveryMs,
  concurrencyGrowthPerRound,
  kneeCaution,
  kneeFrom,
  kneeTo,
  type ConcurrencyRule,
} from "./rules.ts";

/** What the vendor said of the load: it took the call, refused it for being one too many, or failed for another reason. */
export type LoadSignal = "accepted" | "rejected" | "failed";

/** Additive increase, multiplicative decrease of the calls in flight, below a cap that is published or reported. */
export interface Aimd {
  tryEnter(): boolean;
  /** @param reportedLimit the cap as the vendor's header states it now. */
  leave(load: LoadSignal, reportedLimit?: number): void;
  readonly limit: number;
  readonly inFlight: number;
}

export function createAimd(rule: ConcurrencyRule, clock: Clock): Aimd {
  let cap = Math.max(1, rule.concurrent);
  let limit = cap;
  let inFlight = 0;
  let decreasedAt = -Infinity;
  let knee = Infinity;
  return {
    tryEnter() {
      if (inFlight >= Math.floor(limit)) return false;
      inFlight++;
      return true;
    },
    leave(load, reportedLimit) {
      inFlight = Math.max(0, inFlight - 1);
      if (reportedLimit !== undefined && reportedLimit >= 1) cap = reportedLimit;
      const now = clock.monotonic();
      if (load === "rejected") {
        if (now - decreasedAt >= concurrencyDecreaseEveryMs) {
          knee = limit;
          limit *= concurrencyDecrease;
          decreasedAt = now;
        }
        // The vendor is full with what is still in flight: the place just given back is not one.
        limit = Math.min(limit, inFlight);
      } else if (load === "accepted") {
        const isNearKnee = limit >= knee * kneeFrom && limit <= knee * kneeTo;
        limit += ((cap * concurrencyGrowthPerRound) / limit) * (isNearKnee ? kneeCaution : 1);
      }
      limit = Math.max(1, Math.min(cap, limit));
    },
    get limit() {
      return limit;
    },
    get inFlight() {
      return inFlight;
    },
  };
}
