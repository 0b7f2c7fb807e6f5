import type { LimitRow } from "@sophia/core/limits/rules";

/** How an operation may be called: decided here, once, and not at each call. */
interface OperationPolicy {
  /** May be sent twice without harm: all of them only read. */
  idempotent: boolean;
  /** With waits and retries. */
  timeoutMs: number;
}

const twinglyOperations = {
  search_blogs: { idempotent: true, timeoutMs: 30_000 },
  read_live_feed: { idempotent: true, timeoutMs: 60_000 },
  search_news: { idempotent: true, timeoutMs: 30_000 },
} as const satisfies Readonly<Record<string, OperationPolicy>>;

type TwinglyOperation = keyof typeof twinglyOperations;

/** What a call takes from its policy. */
export function policyOf(operation: TwinglyOperation): { operation: string } & OperationPolicy {
  return { operation, ...twinglyOperations[operation] };
}

/** The vendor publishes no limit. These are ours, for each of its three APIs. */
export interface TwinglyPace {
  requestsPerSecond: number;
  concurrent: number;
}

export const defaultPace: TwinglyPace = { requestsPerSecond: 1, concurrent: 2 };

export function twinglyLimits(api: string, { requestsPerSecond, concurrent }: TwinglyPace): readonly LimitRow[] {
  return [
    {
      class: api,
      rate: { requests: requestsPerSecond, perMs: 1_000, capacityFraction: 1, burst: concurrent },
      concurrency: { concurrent },
      source: "ours: https://developer.twingly.com names none",
    },
  ];
}
