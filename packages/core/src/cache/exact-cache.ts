import { hash } from "node:crypto";
import { sql } from "kysely";
import type { Logger } from "pino";
import type { Clock } from "../limits/clock.ts";
import { createRowInserter } from "../store/insert-rows.ts";
import { narrowStore, type Store } from "../store/store.ts";
import type { CacheTables } from "./cache-tables.ts";
import { createWriteGatherer } from "./gather-writes.ts";
import { createRecentValues } from "./recent-values.ts";

export interface ExactCacheOptions<Tables extends CacheTables> {
  store: Store<Tables>;
  clock: Clock;
  log: Logger;
  ttlMs: number;
  /** Default 50,000. */
  maxEntries?: number;
  /** All values together, bytes of UTF-8. Default 256 MiB. */
  maxBytes?: number;
  /** A longer value is not stored. Default 256 KiB. */
  maxEntryBytes?: number;
  /** A value that was read or written here is given again for so long without asking the store. Default 1,000; 0: never. */
  frontMs?: number;
}

export interface CachedValue {
  value: string;
  createdAt: number;
}

/**
 * Equal key, equal answer. An entry is visible inside its partition only (tenant, caller: whoever may see the answer);
 * the partition is part of the hash, so there is no look-up that could forget it. Survives a restart.
 *
 * Hot values come from memory: what another process removes or replaces is given here for `frontMs` more at most.
 */
export interface ExactCache {
  get(partition: string, key: string): Promise<CachedValue | undefined>;
  /**
   * Visible at once, durable when it resolves. Never throws: a cache that cannot write is a slow cache, not a failed
   * request. Values that come together are written together.
   */
  put(partition: string, key: string, value: string): Promise<void>;
  remove(partition: string, key: string): Promise<void>;
  /** Writes down what was used and makes room. Runs by itself every few hundred writes. */
  sweep(): Promise<void>;
}

type FrontRow = Pick<Row, "value" | "created_at" | "expires_at">;
type Row = CacheTables["cache_entries"];

const sweepEveryWrites = 200;
/** Room made at once, so that a full cache does not sweep at every write. */
const keptFraction = 0.9;
/** Uses remembered until the next sweep; beyond it, age decides. */
const maxTouched = 5_000;
const deletedAtOnce = 500;
/** An answer is visible at once; that it survives a crash may wait, so that a busy second costs a few durable writes. */
const gatherMs = 250;
const maxWaiting = 2_000;
const nothingToDo = Promise.resolve();

export function createExactCache<Tables extends CacheTables>(options: ExactCacheOptions<Tables>): ExactCache {
  const store: Store<CacheTables> = narrowStore(options.store);
  const { clock, log } = options;
  const maxEntryBytes = options.maxEntryBytes ?? 256 * 1024;
  const touched = new Map<string, number>();
  const front = createRecentValues<FrontRow>({ clock, keptMs: options.frontMs ?? 1_000 });
  let writesUntilSweep = sweepEveryWrites;

  async function write(rows: readonly Row[]): Promise<void> {
    await store.transaction((tx) => inserter.insert(tx, rows));
    writesUntilSweep -= rows.length;
    if (writesUntilSweep > 0) return;
    writesUntilSweep = sweepEveryWrites;
    await sweep();
  }

  async function sweep(): Promise<void> {
    const uses = [...touched];
    touched.clear();
    await markUsed(store, uses);
    await store.db.deleteFrom("cache_entries").where("expires_at", "<=", clock.now()).execute();
    await makeRoom(store, options.maxEntries ?? 50_000, options.maxBytes ?? 256 * 2 ** 20);
  }

  const find = createFind(store);
  const inserter = createInserter(store);
  const onError = (error: unknown): void => log.warn({ err: error }, "cache write failed");
  const gatherer = createWriteGatherer<Row>({ clock, write, onError, gatherMs, maxWaiting });
  return {
    async get(partition, key) {
      const id = buildId(partition, key);
      const known = gatherer.get(id) ?? front.get(id);
      const row = known ?? (await find(id));
      if (!row || row.expires_at <= clock.now()) return undefined;
      if (!known) front.set(id, row, row.value.length);
      if (touched.size < maxTouched || touched.has(id)) touched.set(id, clock.now());
      return { value: row.value, createdAt: row.created_at };
    },
    put(partition, key, value) {
      const bytes = Buffer.byteLength(value);
      if (bytes > maxEntryBytes || options.ttlMs <= 0) return nothingToDo;
      const now = clock.now();
      const id = buildId(partition, key);
      const times = { created_at: now, expires_at: now + options.ttlMs, last_used_at: now };
      front.delete(id);
      return gatherer.add(id, { id, partition, value, bytes, ...times }) ?? nothingToDo;
    },
    async remove(partition, key) {
      const id = buildId(partition, key);
      await gatherer.settled();
      touched.delete(id);
      front.delete(id);
      await store.db.deleteFrom("cache_entries").where("id", "=", id).execute();
    },
    sweep,
  };
}

/** Lengths first, so that no partition can be written that ends where another's key begins. */
function buildId(partition: string, key: string): string {
  return hash("sha256", `${partition.length}:${partition}:${key}`);
}

/** The one statement that every request runs: built once, because building it costs more than running it. */
function createFind(store: Store<CacheTables>): (id: string) => Promise<FrontRow | undefined> {
  const columns = ["value", "created_at", "expires_at"] as const;
  const query = store.db.selectFrom("cache_entries").select(columns).where("id", "=", "").compile();
  return async (id) => (await store.read<FrontRow>({ ...query, parameters: [id] }))[0];
}

/** The newest value of a key stays. */
function createInserter(store: Store<CacheTables>) {
  const columns = ["id", "partition", "value", "bytes", "created_at", "expires_at", "last_used_at"] as const;
  return createRowInserter(store.db, "cache_entries", {
    columns,
    build: (insert) =>
      insert.onConflict((conflict) =>
        conflict.column("id").doUpdateSet((row) => ({
          value: row.ref("excluded.value"),
          bytes: row.ref("excluded.bytes"),
          created_at: row.ref("excluded.created_at"),
          expires_at: row.ref("excluded.expires_at"),
          last_used_at: row.ref("excluded.last_used_at"),
        })),
      ),
  });
}

/** In one transaction: each update by itself would be a durable write of its own. */
async function markUsed(
  store: Store<CacheTables>,
  uses: readonly (readonly [id: string, at: number])[],
): Promise<void> {
  if (uses.length === 0) return;
  await store.transaction(async (tx) => {
    for (const [id, at] of uses) {
      await tx.updateTable("cache_entries").set({ last_used_at: at }).where("id", "=", id).execute();
    }
  });
}

async function makeRoom({ db }: Store<CacheTables>, maxEntries: number, maxBytes: number): Promise<void> {
  const total = await db
    .selectFrom("cache_entries")
    .select([sql<number>`count(*)`.as("entries"), sql<number>`coalesce(sum(bytes), 0)`.as("bytes")])
    .executeTakeFirstOrThrow();
  let entries = Number(total.entries);
  let bytes = Number(total.bytes);
  if (entries <= maxEntries && bytes <= maxBytes) return;
  while (entries > maxEntries * keptFraction || bytes > maxBytes * keptFraction) {
    const oldest = await db
      .selectFrom("cache_entries")
      .select(["id", "bytes"])
      .orderBy("last_used_at")
      .limit(deletedAtOnce)
      .execute();
    if (oldest.length === 0) return;
    const doomed: string[] = [];
    for (const row of oldest) {
      if (entries <= maxEntries * keptFraction && bytes <= maxBytes * keptFraction) break;
      doomed.push(row.id);
      entries -= 1;
      bytes -= Number(row.bytes);
    }
    await db.deleteFrom("cache_entries").where("id", "in", doomed).execute();
  }
}
