import type { LimitRow } from "@sophia/core/limits/rules";

/** How an operation may be called: decided here, once, and not at each call. */
interface OperationPolicy {
  /** May be sent twice without harm. */
  idempotent: boolean;
  /** With waits and retries. */
  timeoutMs: number;
}

const phantombusterOperations = {
  /** Each one uses up execution time and acts on a person's account: the vendor takes no idempotency key. */
  launch: { idempotent: false, timeoutMs: 30_000 },
  stop: { idempotent: true, timeoutMs: 30_000 },
  read_agents: { idempotent: true, timeoutMs: 30_000 },
  read_container: { idempotent: true, timeoutMs: 30_000 },
  list_containers: { idempotent: true, timeoutMs: 30_000 },
  read_output: { idempotent: true, timeoutMs: 60_000 },
  read_result: { idempotent: true, timeoutMs: 60_000 },
  read_resources: { idempotent: true, timeoutMs: 15_000 },
} as const satisfies Readonly<Record<string, OperationPolicy>>;

type PhantombusterOperation = keyof typeof phantombusterOperations;

/** What a call takes from its policy. */
export function policyOf(operation: PhantombusterOperation): { operation: string } & OperationPolicy {
  return { operation, ...phantombusterOperations[operation] };
}

/** The vendor documents no rate; what counts there is how many agents run at once, see `parallelism`. */
export const phantombusterLimits: readonly LimitRow[] = [
  { class: "default", rate: { requests: 10, perMs: 1_000 }, source: "ours: https://hub.phantombuster.com names none" },
];
