import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";

export interface HostBudget {
  /** Runs `work` when the host may be asked again. `crawlDelayMs` can only slow it down. */
  run<T>(host: string, options: { crawlDelayMs: number; signal: AbortSignal }, work: () => Promise<T>): Promise<T>;
}

export interface HostBudgetOptions {
  clock: Clock;
  /** Default 1. */
  requestsPerSecond?: number;
  /** Default 2. */
  maxInFlight?: number;
  /** Longest wait for a turn before the caller is told to come back. Default 15 s. */
  maxWaitMs?: number;
}

interface HostState {
  nextAt: number;
  inFlight: number;
  waiting: (() => void)[];
}

const maxHosts = 5_000;

/** Courtesy towards the sites we read: a steady pace and few connections to each, whatever the number of callers. */
export function createHostBudget(options: HostBudgetOptions): HostBudget {
  const { clock, requestsPerSecond = 1, maxInFlight = 2, maxWaitMs = 15_000 } = options;
  const hosts = new Map<string, HostState>();

  function stateOf(host: string): HostState {
    const known = hosts.get(host);
    if (known) return known;
    const now = clock.monotonic();
    // Only hosts that nobody waits for and whose pause is over carry no information.
    for (const [name, state] of hosts.size >= maxHosts ? hosts : []) {
      if (state.inFlight === 0 && state.nextAt <= now) hosts.delete(name);
    }
    if (hosts.size >= maxHosts) throw tooBusy(5_000);
    const state: HostState = { nextAt: 0, inFlight: 0, waiting: [] };
    hosts.set(host, state);
    return state;
  }

  async function takeSlot(state: HostState, signal: AbortSignal): Promise<void> {
    while (state.inFlight >= maxInFlight) {
      if (state.waiting.length >= 100) throw tooBusy(maxWaitMs);
      const turn = Promise.withResolvers<void>();
      const onAbort = () => turn.reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      state.waiting.push(turn.resolve);
      try {
        await turn.promise;
      } finally {
        signal.removeEventListener("abort", onAbort);
        state.waiting = state.waiting.filter((resolve) => resolve !== turn.resolve);
      }
    }
    state.inFlight += 1;
  }

  return {
    async run(host, { crawlDelayMs, signal }, work) {
      signal.throwIfAborted();
      const state = stateOf(host);
      const now = clock.monotonic();
      const turnAt = Math.max(now, state.nextAt);
      if (turnAt - now > maxWaitMs) throw tooBusy(turnAt - now);
      state.nextAt = turnAt + Math.max(1000 / requestsPerSecond, crawlDelayMs);
      if (turnAt > now) await clock.sleep(turnAt - now, signal);
      await takeSlot(state, signal);
      try {
        return await work();
      } finally {
        state.inFlight -= 1;
        state.waiting.shift()?.();
      }
    },
  };
}

function tooBusy(retryAfterMs: number): AppError {
  return new AppError("rate_limited", "This site is asked as often as its rules allow already.", {
    hint: "Wait, or read pages of other sites meanwhile.",
    retryAfterMs: Math.ceil(retryAfterMs),
  });
}
