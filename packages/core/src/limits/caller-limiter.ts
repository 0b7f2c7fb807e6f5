import type { Clock } from "./clock.ts";
import { createGcra } from "./gcra.ts";
import type { RateRule } from "./rules.ts";

/** Keeps one caller from taking the others' share. In memory: it runs on every call and must cost nothing. */
export interface CallerLimiter {
  /** @returns 0 when the call may go on, else the milliseconds after which to ask again. Key: caller and tool. */
  take(key: string, weight?: number): number;
  /**
   * A place among the calls in flight, freed by the returned function; `undefined` when the server is full or the
   * caller holds its share. The share shrinks as more callers are active, so one place is always left for a newcomer.
   */
  enter(caller: string): (() => void) | undefined;
  readonly inFlight: number;
}

export interface CallerLimiterOptions {
  clock: Clock;
  /** Per caller and tool. Default 50 calls a second, 100 at once. */
  rate?: RateRule;
  /** Calls in flight over all callers. Default 256. */
  maxInFlight?: number;
  maxKeys?: number;
}

const defaultRate: RateRule = { requests: 50, perMs: 1_000, capacityFraction: 1, burst: 100 };

export function createCallerLimiter(options: CallerLimiterOptions): CallerLimiter {
  const { rate = defaultRate, maxInFlight = 256 } = options;
  const gcra = createGcra({ clock: options.clock, maxKeys: options.maxKeys ?? 100_000 });
  const active = new Map<string, number>();
  let inFlight = 0;

  return {
    take(key, weight = 1) {
      const { allowed, waitMs } = gcra.take(key, rate, weight);
      return allowed ? 0 : waitMs;
    },
    enter(caller) {
      const held = active.get(caller) ?? 0;
      const callers = active.size + (held === 0 ? 1 : 0);
      const share = Math.max(1, Math.floor(maxInFlight / (callers + 1)));
      if (inFlight >= maxInFlight || held >= share) return undefined;
      active.set(caller, held + 1);
      inFlight++;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        inFlight--;
        const now = (active.get(caller) ?? 1) - 1;
        if (now === 0) active.delete(caller);
        else active.set(caller, now);
      };
    },
    get inFlight() {
      return inFlight;
    },
  };
}
