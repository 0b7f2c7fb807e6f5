import type { LimitRow } from "@sophia/core/limits/rules";

/** How an operation may be called: decided here, once, and not at each call. */
export interface OperationPolicy {
  /** May be sent twice without harm. */
  idempotent: boolean;
  /** With waits and retries. */
  timeoutMs: number;
  /** A row of {@link apifyLimits}. */
  limit: string;
  /** What one call costs; a run's price is in `estimate-run-cost.ts`. */
  cost: "free" | "run";
}

const longestPollMs = 60_000;

export const apifyOperations = {
  /** Each one is a new billed run: the vendor takes no idempotency key. */
  start_run: { idempotent: false, timeoutMs: 30_000, limit: "run_start", cost: "run" },
  get_run: { idempotent: true, timeoutMs: longestPollMs + 5_000, limit: "default", cost: "free" },
  abort_run: { idempotent: true, timeoutMs: 30_000, limit: "default", cost: "free" },
  list_runs: { idempotent: true, timeoutMs: 30_000, limit: "default", cost: "free" },
  read_log: { idempotent: true, timeoutMs: 30_000, limit: "default", cost: "free" },
  read_items: { idempotent: true, timeoutMs: 60_000, limit: "items", cost: "free" },
  read_storage: { idempotent: true, timeoutMs: 30_000, limit: "default", cost: "free" },
  read_record: { idempotent: true, timeoutMs: 60_000, limit: "records", cost: "free" },
  read_catalogue: { idempotent: true, timeoutMs: 30_000, limit: "default", cost: "free" },
  /** Checks without starting anything. */
  validate_input: { idempotent: true, timeoutMs: 30_000, limit: "default", cost: "free" },
  read_account: { idempotent: true, timeoutMs: 15_000, limit: "default", cost: "free" },
  /** The vendor knows a second one by its idempotency key. */
  add_webhook: { idempotent: true, timeoutMs: 30_000, limit: "default", cost: "free" },
} as const satisfies Readonly<Record<string, OperationPolicy>>;

export type ApifyOperation = keyof typeof apifyOperations;

// A tenth of the rate at once, as is usual here, would leave no room in the vendor's second for what comes late.
const burst = 3;
const source = "https://docs.apify.com/api/v2#rate-limiting";

/**
 * The vendor counts by resource: 60 a second each, 200 for records, 400 for starts, and 250,000 a minute for the user.
 * Here all resources of a class share one of them, which errs on the safe side.
 */
export const apifyLimits: readonly LimitRow[] = [
  {
    class: "run_start",
    method: "POST",
    path: /^\/(actors|actor-tasks)\/[^/]+\/runs$/,
    rate: { requests: 400, perMs: 1_000, burst },
    source,
  },
  {
    class: "records",
    path: /^\/key-value-stores\/[^/]+\/records\//,
    rate: { requests: 200, perMs: 1_000, burst },
    source,
  },
  { class: "items", path: /^\/datasets\/[^/]+\/items$/, rate: { requests: 60, perMs: 1_000, burst }, source },
  { class: "default", rate: { requests: 60, perMs: 1_000, burst }, source },
];

/** What a call takes from its policy. */
export function policyOf(operation: ApifyOperation): { operation: string; idempotent: boolean; timeoutMs: number } {
  const { idempotent, timeoutMs } = apifyOperations[operation];
  return { operation, idempotent, timeoutMs };
}
