import { setTimeout as delay } from "node:timers/promises";

/** Time as an argument, so that limits, leases and retries are tested on a virtual clock. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump: never use it for a duration. */
  now(): number;
  /** Monotonic milliseconds. Durations, leases and deadlines use this one. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    await delay(ms, undefined, signal ? { signal } : {});
  },
};
