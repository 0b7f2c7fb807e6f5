import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import { toAppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import { toNanoUsd } from "@sophia/core/ledger/nano-usd";
import { narrowStore, type Store } from "@sophia/core/store/store";
import type { Logger } from "pino";
import type { CallRecord } from "../domain/call-record.ts";
import { addToRollUps, dayMs } from "./roll-up.ts";
import type { UsageTables } from "./usage-tables.ts";

/** Every finished call, written in batches behind the answers. */
export interface CallLog {
  /** Takes a record. Never throws and never waits; what finds no room is dropped and counted. */
  record(record: CallRecord): void;
  /** Resolves when everything taken so far has been written, or was given up. */
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
  /** Default 20,000: about 20 MB. */
  maxWaiting?: number;
}

interface Taken {
  id: string;
  record: CallRecord;
}

const gatherMs = 500;
const batchRows = 250;
const longestPauseMs = 15_000;
const attemptsAtClose = 3;
/** Twice what a batch brings: old rows go faster than new ones come. */
const prunedAtOnce = 2 * batchRows;
/** Every request may bring a new system prompt; beyond so many kinds in one day the rest is summed up as one. */
const maxCategories = 500;
export const otherCategory = "(other)";

export function createCallLog<Tables extends UsageTables>(options: CallLogOptions<Tables>): CallLog {
  const store: Store<UsageTables> = narrowStore(options.store);
  const { clock, log, keepDays = 90, maxWaiting = 20_000 } = options;
  const waiting: Taken[] = [];
  const limitCategory = createCategoryLimit();
  const counts = { written: 0, dropped: 0 };
  let running: Promise<void> | undefined;
  let wake = new AbortController();
  let hurried = false;
  let closing = false;
  /** Rows for the next write; 1 while looking for one that the store refuses. */
  let batchLimit = batchRows;

  function drop(count: number, why: string): void {
    // The first of a row tells; the number is in the metrics.
    if (counts.dropped === 0 || count > 1) log.error({ dropped: count }, `calls are missing from the call log: ${why}`);
    counts.dropped += count;
  }

  async function drain(): Promise<void> {
    let failures = 0;
    while (waiting.length > 0) {
      if (!hurried && !closing && waiting.length < batchRows) await pause(gatherMs);
      const batch = waiting.slice(0, batchLimit);
      try {
        await write(batch);
        waiting.splice(0, batch.length);
        counts.written += batch.length;
        failures = 0;
        batchLimit = Math.min(batchRows, 2 * batchLimit);
      } catch (error) {
        if (toAppError(error).kind === "invalid_input") {
          // A name with a character that no database takes, an absurd cost: its neighbours are written without it.
          if (batch.length === 1) drop(waiting.splice(0, 1).length, "a row was refused");
          batchLimit = 1;
          continue;
        }
        failures += 1;
        log.warn({ err: error, waiting: waiting.length }, "call log not written: trying again");
        if (closing && failures >= attemptsAtClose) drop(waiting.splice(0).length, "the store was away at the end");
        else await pause(Math.min(longestPauseMs, 100 * 2 ** failures));
      }
    }
  }

  async function pause(ms: number): Promise<void> {
    await clock.sleep(ms, wake.signal).catch(() => {});
  }

  async function write(batch: readonly Taken[]): Promise<void> {
    await store.transaction(async (tx) => {
      const inserted = await tx
        .insertInto("ai_calls")
        .values(batch.map(toRow))
        // A commit whose answer was lost is tried again: what is in already must not be summed twice.
        .onConflict((conflict) => conflict.column("id").doNothing())
        .returning("id")
        .execute();
      const fresh = new Set(inserted.map(({ id }) => id));
      const records = batch.filter(({ id }) => fresh.has(id)).map(({ record }) => record);
      await addToRollUps(tx, store.engine, records);
      await prune(tx, clock.now() - keepDays * dayMs);
    });
  }

  function hurry(): void {
    wake.abort();
    wake = new AbortController();
  }

  return {
    record(record) {
      if (closing || waiting.length >= maxWaiting) {
        drop(1, "too many wait to be written");
        return;
      }
      // In the order of time: rows are appended to the index, not scattered over it.
      const id = `${record.startedAt.toString(36)}-${randomUUID()}`;
      waiting.push({ id, record: limitCategory(record) });
      running ??= drain().finally(() => (running = undefined));
    },
    async flush() {
      hurried = true;
      hurry();
      await running;
      hurried = false;
    },
    status: () => ({ ...counts, waiting: waiting.length }),
    async close() {
      closing = true;
      hurry();
      await running;
    },
  };
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
