import type { Clock } from "./clock.ts";
import { intervalMs, toleranceMs, type RateRule } from "./rules.ts";
import { createTimeTable } from "./time-table.ts";

/** `waitMs` is the pause before sending when allowed (the place is taken), before asking again when refused. */
export interface RateDecision {
  allowed: boolean;
  waitMs: number;
}

/** The generic cell rate algorithm: one number per key, no window edges at which twice the rate fits. */
export interface Gcra {
  /** @param maxWaitMs the longest pause worth reserving a place for; 0 admits only what may go out now. */
  take(key: string, rule: RateRule, weight?: number, maxWaitMs?: number): RateDecision;
  readonly size: number;
}

const shortestPauseMs = 0.001;

/** In one process, over at most `maxKeys` keys. Source of the design: reference simulation, GCRA at 90 % is never rejected. */
export function createGcra(options: { clock: Clock; maxKeys?: number }): Gcra {
  const { clock } = options;
  const arrivals = createTimeTable(options.maxKeys ?? 100_000, () => clock.monotonic());
  return {
    take(key, rule, weight = 1, maxWaitMs = 0) {
      const now = clock.monotonic();
      const cost = intervalMs(rule) * weight;
      const next = Math.max(arrivals.get(key), now) + cost;
      // A call heavier than the burst still fits when the key is fully rested; otherwise it could never go.
      const pauseMs = next - Math.max(toleranceMs(rule), cost) - now;
      // Sums of a large clock and a small interval are off by 1e-13: the first call of a key is not refused for that.
      const waitMs = pauseMs < shortestPauseMs ? 0 : pauseMs;
      if (waitMs > maxWaitMs) return { allowed: false, waitMs: waitMs - maxWaitMs };
      arrivals.set(key, next);
      return { allowed: true, waitMs };
    },
    get size() {
      return arrivals.size;
    },
  };
}
