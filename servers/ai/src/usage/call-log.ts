import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import { toAppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import { toNanoUsd } from "@sophia/core/ledger/nano-usd";
import { createRowInserter, type RowInserter } from "@sophia/core/store/insert-rows";
import { narrowStore, type Store } from "@sophia/core/store/store";
import type { Logger } from "pino";
import type { CallRecord } from "../domain/call-record.ts";
import type { HitBaselines } from "./hit-baselines.ts";
import { addToRollUps, dayMs } from "./roll-up.ts";
import type { UsageTables } from "./usage-tables.ts";

/** Every finished call, written in batches behind the answers. */
export interface CallLog {
  /** Takes a record. Never throws and never waits; what finds no room is dropped and counted. */
  record(record: CallRecord): void;
  /** Resolves when everything taken so far has been written or was given up, after 5 s in any case. */
  flush(): Promise<void>;
  status(): { waiting: number; written: number; dropped: number };
  /** Writes what waits, and gives up where the store stays away. */
  close(): Promise<void>;
}

export interface CallLogOptions<Tables extends UsageTables> {
  store: Store<Tables>;
  clock: Clock;
  log: Logger;
  /** How long single calls and the sums of hours stay; the sums of days stay for good. Default 90. */
  keepDays?: number;
  /** For answers from the cache, whose records say no baseline. */
  baselines?: HitBaselines;
  /** Default 20,000: about 20 MB. */
  maxWaiting?: number;
}

interface Taken {
  id: string;
  record: CallRecord;
}

const defaultMaxWaiting = 20_000;
const gatherMs = 500;
const batchRows = 250;
const longestPauseMs = 15_000;
const attemptsAtClose = 3;
/** Whoever wants to read what was written waits no longer for a store that is away. */
const longestFlushMs = 5_000;
/** Twice what a batch brings: old rows go faster than new ones come. */
const prunedAtOnce = 2 * batchRows;
/** Every request may bring a new system prompt; beyond so many kinds in one day the rest is summed up as one. */
const maxCategories = 500;
export const otherCategory = "(other)";

const callColumns = [
  "id",
  "request_id",
  "started_at",
  "caller",
  "service",
  "model",
  "outcome",
  "cost_nano_usd",
  "body",
] as const satisfies readonly (keyof UsageTables["ai_calls"])[];

export function createCallLog<Tables extends UsageTables>(options: CallLogOptions<Tables>): CallLog {
  return new BatchedCallLog({ ...options, store: narrowStore(options.store) });
}

class BatchedCallLog implements CallLog {
  readonly #options: CallLogOptions<UsageTables>;
  readonly #waiting: Taken[] = [];
  readonly #limitCategory = createCategoryLimit();
  readonly #counts = { written: 0, dropped: 0 };
  readonly #idPart = randomUUID();
  #taken = 0;
  readonly #inserter: RowInserter<UsageTables, UsageTables["ai_calls"], { id: string }>;
  readonly #flushes = new Set<{ until: number; resolve(): void }>();
  /** Calls that are written or given up, in the order in which they came. */
  #done = 0;
  #running: Promise<void> | undefined;
  #wake = new AbortController();
  #closing = false;
  /** Rows for the next write; 1 while looking for one that the store refuses. */
  #batchLimit = batchRows;

  constructor(options: CallLogOptions<UsageTables>) {
    this.#options = options;
    this.#inserter = createRowInserter(options.store.db, "ai_calls", {
      columns: callColumns,
      // A commit whose answer was lost is tried again: what is in already must not be summed twice.
      build: (insert) => insert.onConflict((conflict) => conflict.column("id").doNothing()).returning("id"),
    });
  }

  record(record: CallRecord): void {
    if (this.#closing || this.#waiting.length >= (this.#options.maxWaiting ?? defaultMaxWaiting)) {
      this.#drop(1, "too many wait to be written");
      return;
    }
    // In the order of time: rows are appended to the index, not scattered over it.
    const id = `${Math.floor(record.startedAt).toString(36)}-${this.#idPart}-${(this.#taken += 1).toString(36)}`;
    this.#waiting.push({ id, record: this.#limitCategory(record) });
    this.#running ??= this.#drain().finally(() => (this.#running = undefined));
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const flush = { until: this.#done + this.#waiting.length, resolve };
    this.#flushes.add(flush);
    this.#hurry();
    const deadline = new AbortController();
    await Promise.race([promise, this.#options.clock.sleep(longestFlushMs, deadline.signal)]);
    deadline.abort();
    this.#flushes.delete(flush);
  }

  status(): { waiting: number; written: number; dropped: number } {
    return { ...this.#counts, waiting: this.#waiting.length };
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#hurry();
    await this.#running;
  }

  async #drain(): Promise<void> {
    let failures = 0;
    while (this.#waiting.length > 0) {
      if (this.#flushes.size === 0 && !this.#closing && this.#waiting.length < batchRows) await this.#pause(gatherMs);
      const batch = this.#waiting.slice(0, this.#batchLimit);
      try {
        await this.#write(batch);
        this.#remove(batch.length);
        this.#counts.written += batch.length;
        failures = 0;
        this.#batchLimit = Math.min(batchRows, 2 * this.#batchLimit);
      } catch (error) {
        if (toAppError(error).kind === "invalid_input") this.#leaveOut(batch);
        else await this.#waitForStore(error, (failures += 1));
      }
    }
  }

  /** A name with a character that no database takes, an absurd cost: its neighbours are written without it. */
  #leaveOut(batch: readonly Taken[]): void {
    if (batch.length === 1) this.#drop(this.#remove(1), "a row was refused");
    this.#batchLimit = 1;
  }

  async #waitForStore(error: unknown, failures: number): Promise<void> {
    this.#options.log.warn({ err: error, waiting: this.#waiting.length }, "call log not written: trying again");
    if (this.#closing && failures >= attemptsAtClose) {
      this.#drop(this.#remove(this.#waiting.length), "the store was away at the end");
    } else await this.#pause(Math.min(longestPauseMs, 100 * 2 ** failures));
  }

  async #write(batch: readonly Taken[]): Promise<void> {
    const { store, clock, baselines, keepDays = 90 } = this.#options;
    await baselines?.load();
    const rows = batch.map(({ id, record }) => ({ id, record: withBaseline(record, baselines) }));
    await store.transaction(async (tx) => {
      const inserted = await this.#inserter.insert(tx, rows.map(toRow));
      const fresh = new Set(inserted.map(({ id }) => id));
      const records = rows.filter(({ id }) => fresh.has(id)).map(({ record }) => record);
      await addToRollUps(tx, store.engine, records);
      await prune(tx, clock.now() - keepDays * dayMs);
    });
  }

  #remove(count: number): number {
    this.#waiting.splice(0, count);
    this.#done += count;
    for (const { until, resolve } of this.#flushes) if (until <= this.#done) resolve();
    return count;
  }

  #drop(count: number, why: string): void {
    // The first of a row tells; the number is in the status.
    if (this.#counts.dropped === 0 || count > 1) {
      this.#options.log.error({ dropped: count }, `calls are missing from the call log: ${why}`);
    }
    this.#counts.dropped += count;
  }

  async #pause(ms: number): Promise<void> {
    await this.#options.clock.sleep(ms, this.#wake.signal).catch(() => {});
  }

  #hurry(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }
}

function withBaseline(record: CallRecord, baselines: HitBaselines | undefined): CallRecord {
  const baselineUsd = baselines?.of(record);
  return baselineUsd === undefined ? record : { ...record, baselineUsd };
}

function toRow({ id, record }: Taken): UsageTables["ai_calls"] {
  return {
    id,
    request_id: record.requestId,
    started_at: record.startedAt,
    caller: record.caller,
    service: record.service,
    model: record.model,
    outcome: record.outcome,
    cost_nano_usd: toNanoUsd(record.costUsd),
    body: JSON.stringify(record),
  };
}

async function prune(tx: Transaction<UsageTables>, before: number): Promise<void> {
  const calls = tx.selectFrom("ai_calls").select("id").where("started_at", "<", before).limit(prunedAtOnce);
  await tx.deleteFrom("ai_calls").where("id", "in", calls).execute();
  const hours = tx.selectFrom("ai_usage_hourly").select("id").where("start", "<", before).limit(prunedAtOnce);
  await tx.deleteFrom("ai_usage_hourly").where("id", "in", hours).execute();
}

function createCategoryLimit(): (record: CallRecord) => CallRecord {
  const seen = new Set<string>();
  let day = 0;
  return (record) => {
    const today = Math.floor(record.startedAt / dayMs);
    if (today > day) {
      day = today;
      seen.clear();
    }
    if (seen.has(record.category)) return record;
    if (seen.size >= maxCategories) return { ...record, category: otherCategory };
    seen.add(record.category);
    return record;
  };
}
