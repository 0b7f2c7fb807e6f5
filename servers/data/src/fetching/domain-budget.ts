import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer, Pass } from "@sophia/core/limits/pacer";
import type { LimitRow } from "@sophia/core/limits/rules";
import { getDomain } from "tldts";

/** What all hosts of one owner are asked of us together, beside what each host is. */
export interface DomainBudget {
  /** Resolves when it is the request's turn. @throws AppError rate_limited when that would take too long */
  enter(url: string, signal: AbortSignal): Promise<Pick<Pass, "leave">>;
}

const row: LimitRow = {
  class: "page",
  rate: { requests: 2, perMs: 1_000, capacityFraction: 1, burst: 4 },
  concurrency: { concurrent: 4 },
  source: "our own manners towards sites of many hosts, which often share one machine",
};
const longestWaitMs = 15_000;

/**
 * The name that somebody registered, by the Public Suffix List; blogs of a hosting service are owners of their own.
 * Undefined for addresses and names that nobody can register.
 */
export function toDomain(url: string): string | undefined {
  return getDomain(url, { allowPrivateDomains: true, detectIp: true }) ?? undefined;
}

export function createDomainBudget({ pacer, clock }: { pacer: Pacer; clock: Clock }): DomainBudget {
  return {
    async enter(url, signal) {
      const domain = toDomain(url);
      if (domain === undefined) return { leave() {} };
      const deadlineAt = clock.monotonic() + longestWaitMs;
      return await pacer.enter({ service: domain, key: `domain:${domain}`, row, weight: 1, deadlineAt, signal });
    },
  };
}
