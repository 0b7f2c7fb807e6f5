import type { Transaction } from "kysely";
import type { Logger } from "pino";
import { AppError } from "../errors/app-error.ts";
import { type Clock, systemClock } from "../limits/clock.ts";
import type { CoreTables } from "../store/core-tables.ts";
import { createRowInserter, type RowInserter } from "../store/insert-rows.ts";
import { narrowStore, type Store } from "../store/store.ts";
import { addToBuckets, type Budget, buildCharges, type Charge } from "./budget-buckets.ts";
import type { Lease } from "./lease.ts";
import { LeaseGroup } from "./lease-group.ts";
import { changeLease, isApplied, type LeaseChange, recoverLeases } from "./lease-rows.ts";
import type { Billable, Settlement } from "./ledger.ts";
import { buildLine, type Line, lineColumns } from "./ledger-line.ts";
import { toNanoUsd } from "./nano-usd.ts";

export interface SpendingRequest extends Billable {
  budgets: readonly Budget[];
}

/** Money that is held for one call; ends with `settle` or `release`, the first one counts. */
export interface Hold {
  readonly request: SpendingRequest;
  readonly nanoUsd: number;
  readonly lease: Lease | undefined;
  open: boolean;
}

/**
 * The ledger for many small calls. A process takes a block of the budgets durably and reserves from it in memory, so
 * that no call waits for the disk; lines are written in batches after the answer. Across processes the budgets hold
 * exactly: a block counts as spent until it is given back. What a killed process had not written is booked as one
 * estimated line of its lease, by whichever process looks next.
 */
export interface Spending {
  /** Throws AppError `budget_exceeded` before anything is spent, `unavailable` when lines cannot be written any more. */
  reserve(request: SpendingRequest): Hold | Promise<Hold>;
  /** Writes the line with the true cost, even above what was held. */
  settle(hold: Hold, actual: Settlement): void;
  /** Nothing was spent. */
  release(hold: Hold): void;
  /** Waits until everything settled so far has been written. */
  flush(): Promise<void>;
  /** Writes what is left and gives unused blocks back. */
  close(): Promise<void>;
}

/** What goes into one transaction. It stays the same until it is known to be written. */
interface Batch {
  lines: readonly Line[];
  changes: readonly { lease: Lease; change: LeaseChange }[];
  /** Monotonic and wall clock, ms. */
  startedAt: number;
  at: number;
  /** The answer to its commit may have been lost. */
  tried: boolean;
}

const flushAfterMs = 250;
const lookAfterMs = 1_000;
const renewMs = 30_000;
const recoverEveryMs = 60_000;
/** Beyond it no new money is spent: what cannot be written down must not grow. */
const maxLines = 20_000;
const linesAtOnce = 1_000;

export function createSpending<Tables extends CoreTables>(options: {
  store: Store<Tables>;
  log: Logger;
  clock?: Clock;
}): Spending {
  return new LeasedSpending(narrowStore(options.store), options.log, options.clock ?? systemClock);
}

class LeasedSpending implements Spending {
  readonly #store: Store<CoreTables>;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #groups = new Map<string, LeaseGroup>();
  readonly #groupKeys = new WeakMap<readonly Budget[], string>();
  readonly #leases = new Set<Lease>();
  readonly #inserter: RowInserter<CoreTables, Line, never>;
  #lines: Line[] = [];
  /** By line: what cost money although nothing was held for it. */
  readonly #unheld = new Map<string, Charge[]>();
  #batch: Batch | undefined;
  #collectedAt = 0;
  #writing: Promise<void> = Promise.resolve();
  #timer: { at: number; controller: AbortController } | undefined;
  #recoveredAt = -Infinity;
  #closed = false;

  constructor(store: Store<CoreTables>, log: Logger, clock: Clock) {
    this.#store = store;
    this.#log = log;
    this.#clock = clock;
    this.#inserter = createRowInserter(store.db, "ledger_entries", { columns: lineColumns });
    this.#wake(0);
  }

  reserve(request: SpendingRequest): Hold | Promise<Hold> {
    if (!Number.isFinite(request.quantity)) throw new AppError("invalid_input", "A quantity must be a finite number.");
    if (this.#lines.length >= maxLines) {
      throw new AppError("unavailable", "The ledger cannot be written, so nothing more is spent.", {
        retryAfterMs: 2_000,
      });
    }
    const nanoUsd = toNanoUsd(request.costUsd);
    if (nanoUsd === 0) return { request, nanoUsd, lease: undefined, open: true };
    const lease = this.#groupOf(request).hold(nanoUsd);
    if (lease instanceof Promise) return lease.then((held) => ({ request, nanoUsd, lease: held, open: true }));
    return { request, nanoUsd, lease, open: true };
  }

  settle(hold: Hold, actual: Settlement): void {
    if (!hold.open) return;
    hold.open = false;
    const nanoUsd = toNanoUsd(actual.costUsd);
    hold.lease?.settle(hold.nanoUsd, nanoUsd);
    const now = this.#clock.now();
    const line = buildLine(hold, { ...actual, nanoUsd }, now);
    this.#lines.push(line);
    this.#wake(flushAfterMs);
    const { budgets } = hold.request;
    if (!hold.lease && nanoUsd !== 0 && budgets.length > 0) this.#unheld.set(line.id, buildCharges(budgets, now));
  }

  release(hold: Hold): void {
    if (!hold.open) return;
    hold.open = false;
    hold.lease?.settle(hold.nanoUsd, 0);
  }

  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeAll());
    return this.#writing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.controller.abort(rescheduled);
    await Promise.all([...this.#groups.values()].map((group) => group.settled()));
    for (const group of this.#groups.values()) group.retireOld(Infinity);
    await this.flush();
  }

  #groupOf(request: SpendingRequest): LeaseGroup {
    const { server, service, caller, budgets } = request;
    let key = this.#groupKeys.get(budgets);
    if (key === undefined) {
      key = JSON.stringify(budgets.map(({ key: name, limitUsd, windowMs }) => [name, limitUsd, windowMs]));
      this.#groupKeys.set(budgets, key);
    }
    const name = `${caller} ${key}`;
    const known = this.#groups.get(name);
    if (known) return known;
    const group = new LeaseGroup({
      store: this.#store,
      clock: this.#clock,
      server,
      service,
      caller,
      budgets,
      onLease: (lease) => {
        this.#leases.add(lease);
        this.#wake(lookAfterMs);
      },
    });
    this.#groups.set(name, group);
    return group;
  }

  /** One timer at a time: the nearest look at lines and leases. */
  #wake(afterMs: number): void {
    if (this.#closed) return;
    const at = this.#clock.monotonic() + afterMs;
    if (this.#timer && this.#timer.at <= at) return;
    this.#timer?.controller.abort(rescheduled);
    const controller = new AbortController();
    const timer = { at, controller };
    this.#timer = timer;
    this.#clock.sleep(afterMs, controller.signal).then(
      () => {
        if (this.#timer === timer) this.#timer = undefined;
        return this.flush();
      },
      () => {},
    );
  }

  async #writeAll(): Promise<void> {
    const now = this.#clock.monotonic();
    for (const [name, group] of this.#groups) {
      group.retireOld(now);
      if (group.idle) this.#groups.delete(name);
    }
    try {
      do await this.#writeSome();
      while (this.#lines.length > 0);
      if (now - this.#recoveredAt >= recoverEveryMs) {
        this.#recoveredAt = now;
        const count = await this.#store.transaction((tx) => recoverLeases(tx, this.#clock.now()));
        if (count > 0) this.#log.warn({ count }, "booked what a stopped process had not written as an estimate");
      }
    } catch (error) {
      this.#log.error({ err: error, lines: this.#lines.length }, "ledger lines not written yet");
    }
    if (this.#leases.size > 0 || this.#lines.length > 0) this.#wake(lookAfterMs);
  }

  async #writeSome(): Promise<void> {
    const batch = (this.#batch ??= this.#collect());
    const { lines, changes, startedAt } = batch;
    if (lines.length > 0 || changes.length > 0) {
      await this.#store.transaction(async (tx) => {
        if (batch.tried && (await wasWritten(tx, batch))) return;
        batch.tried = true;
        await this.#inserter.insert(tx, lines);
        await this.#chargeUnheld(tx, lines);
        for (const { change } of changes) await changeLease(tx, change, batch.at);
      });
    }
    this.#batch = undefined;
    this.#lines.splice(0, lines.length);
    for (const { id } of lines) this.#unheld.delete(id);
    for (const { lease, change } of changes) {
      lease.applied(change, startedAt);
      if (change.closed) this.#leases.delete(lease);
    }
  }

  /** A model listed as free whose provider states a cost: known only now, and spent, whatever the budget has left. */
  async #chargeUnheld(tx: Transaction<CoreTables>, lines: readonly Line[]): Promise<void> {
    if (this.#unheld.size === 0) return;
    const sums = new Map<string, { charges: Charge[]; nanoUsd: number }>();
    for (const { id, cost_nano_usd: cost } of lines) {
      const charges = this.#unheld.get(id);
      if (!charges) continue;
      const key = JSON.stringify(charges);
      sums.set(key, { charges, nanoUsd: (sums.get(key)?.nanoUsd ?? 0) + cost });
    }
    // One order for all processes, so that two of them do not wait for each other.
    const ordered = [...sums].toSorted(([left], [right]) => (left < right ? -1 : 1));
    for (const [, { charges, nanoUsd }] of ordered) await addToBuckets(tx, charges, nanoUsd);
  }

  #collect(): Batch {
    const lines = this.#lines.slice(0, linesAtOnce);
    const startedAt = this.#clock.monotonic();
    const changes = this.#collectChanges(lines, startedAt);
    // Each batch has a time of its own: by that its changes are known again.
    this.#collectedAt = Math.max(this.#clock.now(), this.#collectedAt + 1);
    return { lines, changes, startedAt, at: this.#collectedAt, tried: false };
  }

  #collectChanges(lines: readonly Line[], now: number): { lease: Lease; change: LeaseChange }[] {
    const written = new Map<string, number>();
    for (const { reservation_id: id, cost_nano_usd: cost } of lines) {
      if (id !== null) written.set(id, (written.get(id) ?? 0) + cost);
    }
    return [...this.#leases].flatMap((lease) => {
      const change = lease.change(now, { renewMs, writtenNanoUsd: written.get(lease.id) ?? 0 });
      return change ? [{ lease, change }] : [];
    });
  }
}

const rescheduled = new Error("Another time was set.");

/** All of a batch is in one transaction: one row of it tells. */
async function wasWritten(tx: Transaction<CoreTables>, { lines, changes, at }: Batch): Promise<boolean> {
  const [line] = lines;
  if (!line) return changes[0] !== undefined && (await isApplied(tx, changes[0].change, at));
  const row = await tx.selectFrom("ledger_entries").select("id").where("id", "=", line.id).executeTakeFirst();
  return row !== undefined;
}
