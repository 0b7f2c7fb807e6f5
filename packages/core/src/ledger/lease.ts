import type { Charge } from "./budget-buckets.ts";
import type { GrantedLease, LeaseChange } from "./lease-rows.ts";

/** A block of budgets in this process's hands, all nano-USD: granted = free + held + spent + returning. */
export class Lease {
  readonly id: string;
  readonly charges: readonly Charge[];
  /** On the monotonic clock: later money would be charged to the wrong slice of a window. */
  readonly issuesUntil: number;
  #grantedNanoUsd: number;
  #freeNanoUsd: number;
  #heldNanoUsd = 0;
  #spentNanoUsd = 0;
  /** On its way back with the transaction that takes the next lease. */
  #returningNanoUsd = 0;
  #writtenNanoUsd = 0;
  #holds = 0;
  #retired = false;
  #writtenAt: number;

  constructor(granted: GrantedLease, times: { now: number; issuesUntil: number }) {
    this.id = granted.id;
    this.charges = granted.charges;
    this.issuesUntil = times.issuesUntil;
    this.#writtenAt = times.now;
    this.#grantedNanoUsd = granted.grantedNanoUsd;
    this.#freeNanoUsd = granted.grantedNanoUsd;
  }

  get freeNanoUsd(): number {
    return this.#freeNanoUsd;
  }

  get grantedNanoUsd(): number {
    return this.#grantedNanoUsd;
  }

  /** False when there is no room for it. */
  hold(nanoUsd: number): boolean {
    if (this.#retired || nanoUsd > this.#freeNanoUsd) return false;
    this.#freeNanoUsd -= nanoUsd;
    this.#heldNanoUsd += nanoUsd;
    this.#holds += 1;
    return true;
  }

  /** The held money back, less what was spent: even more than was held, because it has been spent. */
  settle(heldNanoUsd: number, spentNanoUsd: number): void {
    this.#holds -= 1;
    this.#heldNanoUsd -= heldNanoUsd;
    this.#spentNanoUsd += spentNanoUsd;
    if (!this.#retired) this.#freeNanoUsd = Math.max(0, this.#freeNanoUsd + heldNanoUsd - spentNanoUsd);
  }

  /** No more holds; what is free is given back with the next change. */
  retire(): void {
    this.#retired = true;
    this.#freeNanoUsd = 0;
  }

  /** The free part, for a lease that replaces this one in the same transaction. */
  startReturn(): number {
    const free = this.#freeNanoUsd;
    this.#freeNanoUsd = 0;
    this.#returningNanoUsd += free;
    return free;
  }

  endReturn(nanoUsd: number, done: boolean): void {
    this.#returningNanoUsd -= nanoUsd;
    if (done) this.#grantedNanoUsd -= nanoUsd;
    else if (!this.#retired) this.#freeNanoUsd += nanoUsd;
  }

  /** What the store does not know yet; `undefined` when it knows all and has heard of us within `renewMs`. */
  change(
    now: number,
    { renewMs, writtenNanoUsd }: { renewMs: number; writtenNanoUsd: number },
  ): LeaseChange | undefined {
    const wanted = this.#freeNanoUsd + this.#heldNanoUsd + this.#spentNanoUsd + this.#returningNanoUsd;
    const written = this.#writtenNanoUsd + writtenNanoUsd;
    const isEmpty = this.#holds === 0 && this.#returningNanoUsd === 0 && written === this.#spentNanoUsd;
    const closed = this.#retired && isEmpty;
    const isKnown = wanted === this.#grantedNanoUsd && writtenNanoUsd === 0;
    if (isKnown && !closed && now - this.#writtenAt < renewMs) return undefined;
    return {
      id: this.id,
      charges: this.charges,
      addNanoUsd: wanted - this.#grantedNanoUsd,
      writtenNanoUsd,
      closed,
    };
  }

  applied(change: LeaseChange, now: number): void {
    this.#grantedNanoUsd += change.addNanoUsd;
    this.#writtenNanoUsd += change.writtenNanoUsd;
    this.#writtenAt = now;
  }
}
