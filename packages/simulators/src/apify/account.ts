import { costAt, isActive, type SimulatedRun } from "./run-machine.ts";
import type { SimulatorClock } from "./simulator-clock.ts";

export interface AccountLimits {
  maxMonthlyUsageUsd: number;
  maxActorMemoryGbytes: number;
  maxConcurrentActorJobs: number;
}

/** What has been used and what may be. https://docs.apify.com/platform/limits */
export interface Account {
  limits: AccountLimits;
  usage(): { usageUsd: number; computeUnits: number; memoryGbytes: number; activeRuns: number };
  /** The error type with which a start of this size is refused; a 402 each. */
  refusal(memoryMbytes: number): string | undefined;
}

export function createAccount(options: {
  limits: AccountLimits;
  clock: SimulatorClock;
  runs: ReadonlyMap<string, SimulatedRun>;
}): Account {
  const { limits, clock, runs } = options;

  function usage(): ReturnType<Account["usage"]> {
    const now = clock.now();
    const all = [...runs.values()];
    const active = all.filter((run) => isActive(run, now));
    const costs = all.map((run) => costAt(run, now));
    return {
      usageUsd: costs.reduce((sum, cost) => sum + cost.totalUsd, 0),
      computeUnits: costs.reduce((sum, cost) => sum + cost.computeUnits, 0),
      memoryGbytes: active.reduce((sum, run) => sum + run.options.memoryMbytes, 0) / 1_024,
      activeRuns: active.length,
    };
  }

  return {
    limits,
    usage,
    refusal(memoryMbytes) {
      const used = usage();
      if (used.usageUsd >= limits.maxMonthlyUsageUsd) return "not-enough-usage-to-run-paid-actor";
      if (used.memoryGbytes + memoryMbytes / 1_024 > limits.maxActorMemoryGbytes) return "actor-memory-limit-exceeded";
      if (used.activeRuns >= limits.maxConcurrentActorJobs) return "concurrent-runs-limit-exceeded";
      return undefined;
    },
  };
}
