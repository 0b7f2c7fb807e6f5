import { AppError } from "../errors/app-error.ts";
import type { LoadSignal } from "./aimd.ts";
import { abortReason, type Clock } from "./clock.ts";
import type { LimitStore } from "./limit-store.ts";
import type { ConcurrencyRule, LimitRow } from "./rules.ts";

export interface PaceRequest {
  service: string;
  /** Service and credential: what the vendor counts by, and what its "later" pauses. */
  key: string;
  row: LimitRow | undefined;
  weight: number;
  /** On the monotonic clock. A place that comes free later is of no use. */
  deadlineAt: number;
  signal: AbortSignal;
}

export interface Pass {
  /** How long the call waited for its turn, milliseconds. */
  waitedMs: number;
  /** Exactly once, when the vendor has answered or the call is given up. */
  leave(load: LoadSignal, reportedLimit?: number): void;
}

/** Holds a call back until the vendor will take it; refuses at once what could not go out before its deadline. */
export interface Pacer {
  enter(request: PaceRequest): Promise<Pass>;
  /** The vendor said "later": pauses every call under the key (or of the class, when the row has a gate of its own). */
  pause(request: Pick<PaceRequest, "key" | "row">, forMs: number): Promise<void>;
}

const maxWaiting = 1_000;
// Longer than any deadline, so a lease ends by itself only after its process died.
const leaseMs = 300_000;

interface Line {
  waiting: number;
  /** The last one in line; the next to come waits behind it. */
  tail: Promise<void>;
  wake: (() => void) | undefined;
}

export function createPacer(options: { store: LimitStore; clock: Clock }): Pacer {
  const { store, clock } = options;
  const lines = new Map<string, Line>();

  async function takeRate(request: PaceRequest): Promise<void> {
    const { row, key } = request;
    const gate = gateKey(request);
    for (;;) {
      const maxWaitMs = Math.max(0, request.deadlineAt - clock.monotonic());
      const answer = row?.rate
        ? await store.takeRate({
            gate,
            bucket: `${key}:${row.class}:rate`,
            rule: row.rate,
            weight: request.weight,
            maxWaitMs,
          })
        : await askGate(gate, maxWaitMs);
      if (answer.kind === "refused") throw tooMany(request.service, answer.waitMs);
      if (answer.waitMs === 0) return;
      await clock.sleep(answer.waitMs, request.signal);
      // The gate may have closed while this call waited with its place: then it queues again with the others.
      if (answer.kind === "go" && (await store.gateMs(gate)) === 0) return;
    }
  }

  async function askGate(gate: string, maxWaitMs: number): Promise<{ kind: "gated" | "refused"; waitMs: number }> {
    const waitMs = await store.gateMs(gate);
    return { kind: waitMs > maxWaitMs ? "refused" : "gated", waitMs };
  }

  async function enterBucket(bucket: string, rule: ConcurrencyRule, request: PaceRequest): Promise<string> {
    const line = lines.get(bucket) ?? { waiting: 0, tail: Promise.resolve(), wake: undefined };
    lines.set(bucket, line);
    if (line.waiting >= maxWaiting) throw tooMany(request.service, 1_000);
    line.waiting++;
    const ahead = line.tail;
    let letNextGo = (): void => undefined;
    line.tail = new Promise((resolve) => {
      letNextGo = resolve;
    });
    try {
      await unlessAborted(ahead, request, clock);
      for (;;) {
        // Listening starts before asking, or a place freed in between would go unnoticed.
        const freed = nextFree(line);
        const lease = await store.tryEnter(bucket, rule, leaseMs);
        if (lease !== undefined) return lease;
        const polled = store.pollMs > 0 && store.pollMs < request.deadlineAt - clock.monotonic();
        await unlessAborted(freed, request, clock, polled ? store.pollMs : undefined);
      }
    } finally {
      line.waiting--;
      // Who gives up in the middle of the line leaves only when those ahead are through: order is kept.
      void ahead.then(letNextGo);
      if (line.waiting === 0) lines.delete(bucket);
    }
  }

  async function enter(request: PaceRequest): Promise<Pass> {
    const startedAt = clock.monotonic();
    const rule = request.row?.concurrency;
    const bucket = `${request.key}:${request.row?.class ?? ""}:slots`;
    const lease = rule ? await enterBucket(bucket, rule, request) : undefined;
    let left = false;
    function leave(load: LoadSignal, reportedLimit?: number): void {
      if (left || !rule || lease === undefined) return;
      left = true;
      void store.leave(bucket, rule, lease, load, reportedLimit).then(() => lines.get(bucket)?.wake?.());
    }
    try {
      await takeRate(request);
    } catch (error) {
      leave("failed");
      throw error;
    }
    return { waitedMs: clock.monotonic() - startedAt, leave };
  }

  return {
    enter,
    async pause(request, forMs) {
      await store.closeGate(gateKey(request), forMs);
    },
  };
}

function nextFree(line: Line): Promise<void> {
  return new Promise((resolve) => {
    line.wake = resolve;
  });
}

function gateKey({ key, row }: Pick<PaceRequest, "key" | "row">): string {
  return row?.ownGate ? `${key}:${row.class}` : key;
}

/** Ends with `event`, after `pollMs` when given, or with an error at the deadline and on abort. */
async function unlessAborted(event: Promise<void>, request: PaceRequest, clock: Clock, pollMs?: number): Promise<void> {
  const { signal } = request;
  if (signal.aborted) throw abortReason(signal);
  const done = new AbortController();
  const leftMs = Math.max(0, request.deadlineAt - clock.monotonic());
  const timer = clock.sleep(pollMs ?? leftMs, AbortSignal.any([signal, done.signal])).then(
    () => pollMs !== undefined,
    () => true,
  );
  const inTime = await Promise.race([event.then(() => true), timer]);
  done.abort();
  if (signal.aborted) throw abortReason(signal);
  if (!inTime) throw tooMany(request.service, 1_000);
}

function tooMany(service: string, waitMs: number): AppError {
  return new AppError("rate_limited", `${service} takes no more calls right now.`, {
    hint: "Try again after the pause, or ask for less at once.",
    service,
    retryAfterMs: Math.ceil(waitMs),
  });
}
