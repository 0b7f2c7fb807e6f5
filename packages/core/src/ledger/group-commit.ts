import type { Transaction } from "kysely";
import { AppError } from "../errors/app-error.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";

type Work<T> = (tx: Transaction<CoreTables>) => Promise<T>;

interface Waiting {
  work: Work<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A refusal that the work decides before it has written anything, so that the transaction of others stays whole. */
export class Refusal extends Error {
  readonly error: AppError;

  constructor(error: AppError) {
    super(error.message);
    this.error = error;
  }
}

const maxBatch = 64;
const maxWaiting = 10_000;

/**
 * On SQLite each commit waits for the disk, so whatever arrives during one commit shares the next: 32 callers pay one
 * wait instead of 32. An idle ledger adds no delay. PostgreSQL groups commits by itself.
 */
export function createGroupCommit(store: Store<CoreTables>): <T>(work: Work<T>) => Promise<T> {
  const waiting: Waiting[] = [];
  let draining = false;

  async function drain(): Promise<void> {
    draining = true;
    while (waiting.length > 0) await commitTogether(store, waiting.splice(0, maxBatch));
    draining = false;
  }

  return <T>(work: Work<T>) => {
    if (store.engine === "postgres") return unwrapRefusal(store.transaction(work));
    if (waiting.length >= maxWaiting) {
      const error = new AppError("unavailable", "The ledger has more writes waiting than it can take.", {
        retryAfterMs: 2_000,
      });
      return Promise.reject(error);
    }
    const done = new Promise<T>((resolve, reject) => {
      waiting.push({ work, resolve: (value) => resolve(value as T), reject });
    });
    if (!draining) void drain();
    return unwrapRefusal(done);
  };
}

async function unwrapRefusal<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof Refusal ? error.error : error;
  }
}

/** Never rejects: every caller hears of its own outcome, after the commit. */
async function commitTogether(store: Store<CoreTables>, batch: readonly Waiting[]): Promise<void> {
  try {
    const answers = await store.transaction(async (tx) => {
      const settled: (() => void)[] = [];
      for (const waiting of batch) settled.push(await runOne(tx, waiting));
      return settled;
    });
    for (const answer of answers) answer();
  } catch (error) {
    if (batch.length === 1) batch[0]?.reject(error);
    // One broken write must not fail its neighbours: nothing was kept, so each gets a transaction of its own.
    else for (const waiting of batch) await commitTogether(store, [waiting]);
  }
}

async function runOne(tx: Transaction<CoreTables>, waiting: Waiting): Promise<() => void> {
  try {
    const value = await waiting.work(tx);
    return () => waiting.resolve(value);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return () => waiting.reject(error);
  }
}
