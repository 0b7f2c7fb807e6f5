import type { LimitRow } from "@sophia/core/limits/rules";

/** The vendor itself gives up after this time. */
const longestFetchMs = 180_000;
/** Longest wait for a slot: whoever gets one still has the vendor's whole time. */
export const longestQueueMs = 100_000;

/**
 * A request that is given up keeps its slot at the vendor until the vendor ends it, so no fetch has a short deadline.
 * None is hedged: too many refusals get a key banned for minutes.
 */
export const zenrowsOperations = {
  fetch: { idempotent: true, timeoutMs: longestQueueMs + longestFetchMs },
  /** Sends a body on to a stranger's server. */
  fetch_with_body: { idempotent: false, timeoutMs: longestQueueMs + longestFetchMs },
  /** The vendor knows a second one by its idempotency key. */
  submit_job: { idempotent: true, timeoutMs: 60_000 },
  read_job: { idempotent: true, timeoutMs: 30_000 },
  read_results: { idempotent: true, timeoutMs: 60_000 },
  stop_job: { idempotent: true, timeoutMs: 30_000 },
} as const;

export type ZenRowsOperation = keyof typeof zenrowsOperations;

/** What a call takes from its policy. */
export function policyOf(operation: ZenRowsOperation): { operation: string; idempotent: boolean; timeoutMs: number } {
  return { operation, ...zenrowsOperations[operation] };
}

/** Slots of the plan, corrected by what each answer says of it. */
export function zenrowsLimits(concurrency: number): readonly LimitRow[] {
  return [
    {
      class: "fetch",
      concurrency: { concurrent: concurrency, header: "concurrency-limit" },
      source: "https://docs.zenrows.com/universal-scraper-api/features/concurrency",
    },
  ];
}
