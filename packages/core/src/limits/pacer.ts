import { AppError } from "../errors/app-error.ts";
import type { LoadSignal } from "./aimd.ts";
import { abortReason, type Clock } from "./clock.ts";
import type { LimitStore, RateAnswer } from "./limit-store.ts";
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
  /** The same for a call that nothing holds back; `undefined` where that is not known at once. */
  enterNow?(request: Pick<PaceRequest, "key" | "row">): Pass | undefined;
  /** The vendor said "later": pauses every call under the key (or of the class, when the row has a gate of its own). */
  pause(request: Pick<PaceRequest, "key" | "row">, forMs: number): Promise<void>;
  close(): Promise<void>;
}

const maxWaiting = 1_000;
const freePass: Pass = { waitedMs: 0, leave() {} };
// Longer than any deadline, so a lease ends by itself only after its process died.
const leaseMs = 300_000;

interface Line {
  waiting: number;
  /** The last one in line; the next to come waits behind it. */
  tail: Promise<void>;
  wake: (() => void) | undefined;
}

export function createPacer(options: { store: LimitStore; clock: Clock }): Pacer {
  return new StorePacer(options.store, options.clock);
}

class StorePacer implements Pacer {
  readonly #store: LimitStore;
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();

  constructor(store: LimitStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async enter(request: PaceRequest): Promise<Pass> {
    const startedAt = this.#clock.monotonic();
    const rule = request.row?.concurrency;
    const bucket = `${request.key}:${request.row?.class ?? ""}:slots`;
    const lease = rule ? await this.#enterBucket(bucket, rule, request) : undefined;
    const leave = once((load, reportedLimit) => {
      if (!rule || lease === undefined) return;
      void this.#store.leave(bucket, rule, lease, load, reportedLimit).then(() => this.#lines.get(bucket)?.wake?.());
    });
    try {
      await this.#takeRate(request);
    } catch (error) {
      leave("failed");
      throw error;
    }
    return { waitedMs: this.#clock.monotonic() - startedAt, leave };
  }

  enterNow(request: Pick<PaceRequest, "key" | "row">): Pass | undefined {
    if (request.row?.concurrency || request.row?.rate) return undefined;
    return this.#store.gateMsNow?.(gateKey(request)) === 0 ? freePass : undefined;
  }

  async pause(request: Pick<PaceRequest, "key" | "row">, forMs: number): Promise<void> {
    await this.#store.closeGate(gateKey(request), forMs);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async #takeRate(request: PaceRequest): Promise<void> {
    const gate = gateKey(request);
    for (;;) {
      const maxWaitMs = Math.max(0, request.deadlineAt - this.#clock.monotonic());
      const answer = await this.#ask(request, gate, maxWaitMs);
      if (answer.kind === "refused") throw tooMany(request.service, answer.waitMs);
      if (answer.waitMs === 0) return;
      await this.#clock.sleep(answer.waitMs, request.signal);
      // The gate may have closed while this call waited with its place: then it queues again with the others.
      if (answer.kind === "go" && (await this.#store.gateMs(gate)) === 0) return;
    }
  }

  async #ask(request: PaceRequest, gate: string, maxWaitMs: number): Promise<RateAnswer> {
    const { row, weight } = request;
    if (row?.rate) {
      return await this.#store.takeRate({ gate, bucket: row.class, rule: row.rate, weight, maxWaitMs });
    }
    const waitMs = await this.#store.gateMs(gate);
    return { kind: waitMs > maxWaitMs ? "refused" : "gated", waitMs };
  }

  async #enterBucket(bucket: string, rule: ConcurrencyRule, request: PaceRequest): Promise<string> {
    const line = this.#lines.get(bucket) ?? { waiting: 0, tail: Promise.resolve(), wake: undefined };
    this.#lines.set(bucket, line);
    if (line.waiting >= maxWaiting) throw tooMany(request.service, 1_000);
    line.waiting++;
    const ahead = line.tail;
    const turn = Promise.withResolvers<void>();
    line.tail = turn.promise;
    try {
      await this.#inTime(ahead, request);
      return await this.#firstFree(line, bucket, rule, request);
    } finally {
      line.waiting--;
      // Who gives up in the middle of the line leaves only when those ahead are through: order is kept.
      void ahead.then(turn.resolve);
      if (line.waiting === 0) this.#lines.delete(bucket);
    }
  }

  async #firstFree(line: Line, bucket: string, rule: ConcurrencyRule, request: PaceRequest): Promise<string> {
    for (;;) {
      // Listening starts before asking, or a place freed in between would go unnoticed.
      const freed = nextFree(line);
      const lease = await this.#store.tryEnter(bucket, rule, leaseMs);
      if (lease !== undefined) return lease;
      const { pollMs } = this.#store;
      const isPolled = pollMs > 0 && pollMs < request.deadlineAt - this.#clock.monotonic();
      await this.#inTime(freed, request, isPolled ? pollMs : undefined);
    }
  }

  /** Ends with `event`, after `pollMs` when given, or with an error at the deadline and on abort. */
  async #inTime(event: Promise<void>, request: PaceRequest, pollMs?: number): Promise<void> {
    const { signal } = request;
    if (signal.aborted) throw abortReason(signal);
    const done = new AbortController();
    const stop = (): void => done.abort();
    signal.addEventListener("abort", stop, { once: true });
    const leftMs = Math.max(0, request.deadlineAt - this.#clock.monotonic());
    const timer = this.#clock.sleep(pollMs ?? leftMs, done.signal).then(
      () => pollMs !== undefined,
      () => true,
    );
    const isInTime = await Promise.race([event.then(() => true), timer]);
    signal.removeEventListener("abort", stop);
    done.abort();
    if (signal.aborted) throw abortReason(signal);
    if (!isInTime) throw tooMany(request.service, 1_000);
  }
}

function once(leave: Pass["leave"]): Pass["leave"] {
  let left = false;
  return (load, reportedLimit) => {
    if (left) return;
    left = true;
    leave(load, reportedLimit);
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

function tooMany(service: string, waitMs: number): AppError {
  return new AppError("rate_limited", `${service} takes no more calls right now.`, {
    hint: "Try again after the pause, or ask for less at once.",
    service,
    retryAfterMs: Math.ceil(waitMs),
  });
}
