import type { LimitRow } from "@sophia/core/limits/rules";

/** How an operation may be called: decided here, once, and not at each call. */
export interface OperationPolicy {
  /** May be sent twice without harm. A search or an extraction sent again costs a credit or two. */
  idempotent: boolean;
  /** With waits and retries. Above the vendor's own time, so that what is billed also arrives. */
  timeoutMs: number;
}

export const tavilyOperations = {
  search: { idempotent: true, timeoutMs: 30_000 },
  /** The vendor takes up to 60 s. */
  extract: { idempotent: true, timeoutMs: 65_000 },
  /** The vendor takes up to 150 s, and may bill hundreds of pages. */
  crawl: { idempotent: false, timeoutMs: 160_000 },
  map: { idempotent: false, timeoutMs: 160_000 },
  /** Up to 250 credits each, and the vendor takes no idempotency key. */
  start_research: { idempotent: false, timeoutMs: 30_000 },
  get_research: { idempotent: true, timeoutMs: 30_000 },
  get_usage: { idempotent: true, timeoutMs: 15_000 },
} as const satisfies Readonly<Record<string, OperationPolicy>>;

export type TavilyOperation = keyof typeof tavilyOperations;

/** What a call takes from its policy. */
export function policyOf(operation: TavilyOperation): { operation: string } & OperationPolicy {
  return { operation, ...tavilyOperations[operation] };
}

export const developmentRequestsPerMinute = 100;

const source = "https://docs.tavily.com/documentation/rate-limits";

/**
 * By class. Asking for a research's state counts in the default one.
 *
 * @param requestsPerMinute 100 for a development key, 1,000 for a production key; crawl and research are the same for both.
 */
export function tavilyLimits(requestsPerMinute: number): readonly LimitRow[] {
  const perMs = 60_000;
  return [
    { class: "crawl", method: "POST", path: /^\/crawl$/, rate: { requests: 100, perMs }, ownGate: true, source },
    { class: "research", method: "POST", path: /^\/research$/, rate: { requests: 20, perMs }, ownGate: true, source },
    // Lower than the rest; the figure is not confirmed.
    {
      class: "usage",
      path: /^\/usage$/,
      rate: { requests: 10, perMs: 600_000, burst: 5 },
      ownGate: true,
      source: "https://docs.tavily.com/documentation/rate-limits#usage",
    },
    { class: "default", rate: { requests: requestsPerMinute, perMs }, source },
  ];
}
