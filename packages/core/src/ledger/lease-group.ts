import type { Clock } from "../limits/clock.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { type Budget, sliceOf } from "./budget-buckets.ts";
import { Lease } from "./lease.ts";
import { LeaseRefusal, takeLease } from "./lease-rows.ts";

export interface LeaseGroupOptions {
  store: Store<CoreTables>;
  clock: Clock;
  server: string;
  service: string;
  caller: string;
  budgets: readonly Budget[];
  /** Told of each lease that replaces another, which is then retired. */
  onLease(lease: Lease): void;
}

interface Waiter {
  nanoUsd: number;
  resolve(lease: Lease): void;
  reject(error: unknown): void;
}

/** Money spent in this time is what a new block should hold: a crash books no more than that as an estimate. */
const blockMs = 2_000;
/** Of a process that has just begun: calls a block should hold. */
const firstCalls = 4;
const longestIssueMs = 60_000;
const shortestIssueMs = 50;
const shortestMeasureMs = 250;
/** With less than this part left the next block is fetched while the rest is spent. */
const refillAt = 1 / 3;
const refillPauseMs = 1_000;

/** All that one caller spends from one set of budgets in this process. */
export class LeaseGroup {
  readonly #options: LeaseGroupOptions;
  readonly #issueMs: number;
  #current: Lease | undefined;
  #waiting: Waiter[] = [];
  #work: Promise<void> = Promise.resolve();
  #taking = false;
  #refillAfter = -Infinity;
  /** Held since `#takenAt`, to tell how large the next block should be. */
  #heldNanoUsd = 0;
  #takenAt = -Infinity;

  constructor(options: LeaseGroupOptions) {
    this.#options = options;
    const sliceMs = Math.min(longestIssueMs, ...options.budgets.map(({ windowMs }) => sliceOf(windowMs)));
    this.#issueMs = Math.max(shortestIssueMs, sliceMs);
  }

  get idle(): boolean {
    return this.#current === undefined && this.#waiting.length === 0 && !this.#taking;
  }

  /** The lease in which the money is now held. Throws AppError `budget_exceeded`. */
  hold(nanoUsd: number): Lease | Promise<Lease> {
    const lease = this.#waiting.length === 0 ? this.#tryHold(nanoUsd) : undefined;
    if (lease) {
      if (lease.freeNanoUsd < lease.grantedNanoUsd * refillAt) this.#refill();
      return lease;
    }
    const { promise, resolve, reject } = Promise.withResolvers<Lease>();
    this.#waiting.push({ nanoUsd, resolve, reject });
    if (!this.#taking) this.#work = this.#serve();
    return promise;
  }

  /** Ends when no block is being taken. */
  async settled(): Promise<void> {
    while (this.#taking) await this.#work;
  }

  /** Retires a lease that must not be spent from any more. */
  retireOld(now: number): void {
    if (!this.#current || this.#current.issuesUntil > now || this.#taking) return;
    this.#current.retire();
    this.#current = undefined;
  }

  #tryHold(nanoUsd: number): Lease | undefined {
    const lease = this.#current;
    if (!lease || lease.issuesUntil <= this.#options.clock.monotonic() || !lease.hold(nanoUsd)) return undefined;
    this.#heldNanoUsd += nanoUsd;
    return lease;
  }

  async #serve(): Promise<void> {
    this.#taking = true;
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const lease = this.#tryHold(next.nanoUsd);
      if (lease) {
        this.#waiting.shift();
        next.resolve(lease);
        continue;
      }
      try {
        await this.#take(next.nanoUsd, true);
      } catch (error) {
        this.#refuse(error);
      }
    }
    this.#taking = false;
  }

  /** Nobody waits for it. Where there is no plenty, each call takes what it needs when it needs it. */
  #refill(): void {
    const now = this.#options.clock.monotonic();
    if (this.#taking || now < this.#refillAfter) return;
    this.#taking = true;
    this.#work = this.#take(this.#heldNanoUsd / firstCalls, false)
      .catch(() => {
        this.#refillAfter = now + refillPauseMs;
      })
      .finally(() => {
        this.#taking = false;
        if (this.#waiting.length > 0) this.#work = this.#serve();
      });
  }

  async #take(neededNanoUsd: number, waits: boolean): Promise<void> {
    const { store, clock, onLease, budgets } = this.#options;
    const startedAt = clock.monotonic();
    const old = this.#current;
    // Near the limit the old block's rest may be what makes the room.
    const freeNanoUsd = waits && old && startedAt < old.issuesUntil ? old.startReturn() : 0;
    const wantedNanoUsd = this.#estimateBlock(neededNanoUsd, startedAt);
    const { server, service, caller } = this.#options;
    const request = {
      server,
      service,
      caller,
      budgets,
      neededNanoUsd,
      wantedNanoUsd,
      returned: old && freeNanoUsd > 0 ? { id: old.id, charges: old.charges, nanoUsd: freeNanoUsd } : undefined,
      isRefill: !waits,
      now: clock.now(),
    };
    try {
      const granted = await store.transaction((tx) => takeLease(tx, store.engine, request));
      old?.endReturn(freeNanoUsd, true);
      old?.retire();
      this.#current = new Lease(granted, { now: startedAt, issuesUntil: startedAt + this.#issueMs });
    } catch (error) {
      old?.endReturn(freeNanoUsd, false);
      throw error;
    }
    this.#heldNanoUsd = 0;
    this.#takenAt = startedAt;
    onLease(this.#current);
  }

  #estimateBlock(neededNanoUsd: number, now: number): number {
    const perMs = this.#heldNanoUsd / Math.max(shortestMeasureMs, now - this.#takenAt);
    const waiting = this.#waiting.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
    return Math.ceil(Math.max(neededNanoUsd * firstCalls, waiting, perMs * blockMs));
  }

  /** Whoever needs more than there is hears of it at once; a failure of the store is everybody's. */
  #refuse(error: unknown): void {
    const isRefusal = error instanceof LeaseRefusal;
    const room = isRefusal ? error.roomNanoUsd : -1;
    const reason = isRefusal ? error.error : error;
    const refused = this.#waiting.filter(({ nanoUsd }) => nanoUsd > room);
    this.#waiting = this.#waiting.filter(({ nanoUsd }) => nanoUsd <= room);
    for (const { reject } of refused) reject(reason);
  }
}
