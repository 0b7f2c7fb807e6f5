import { hash } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { Logger } from "pino";
import type { Clock } from "../limits/clock.ts";
import type { Store } from "../store/store.ts";
import type { CacheTables } from "./cache-tables.ts";

export interface ExactCacheOptions<Tables extends CacheTables> {
  store: Store<Tables>;
  clock: Clock;
  log: Logger;
  ttlMs: number;
  /** Default 50,000. */
  maxEntries?: number;
  /** All values together, bytes of UTF-8. Default 256 MiB. */
  maxBytes?: number;
  /** A longer value is not stored. Default 1 MiB. */
  maxEntryBytes?: number;
}

export interface CachedValue {
  value: string;
  createdAt: number;
}

/**
 * Equal key, equal answer. An entry is visible inside its partition only (tenant, caller: whoever may see the answer);
 * the partition is part of the hash, so there is no look-up that could forget it. Survives a restart.
 */
export interface ExactCache {
  get(partition: string, key: string): Promise<CachedValue | undefined>;
  /** Never throws: a cache that cannot write is a slow cache, not a failed request. */
  put(partition: string, key: string, value: string): Promise<void>;
  remove(partition: string, key: string): Promise<void>;
  /** Writes down what was used and makes room. Runs by itself every few hundred writes. */
  sweep(): Promise<void>;
}

const sweepEveryWrites = 200;
/** Room made at once, so that a full cache does not sweep at every write. */
const keptFraction = 0.9;
/** Uses remembered until the next sweep; beyond it, age decides. */
const maxTouched = 5_000;
const deletedAtOnce = 500;

export function createExactCache<Tables extends CacheTables>(options: ExactCacheOptions<Tables>): ExactCache {
  // A store with more tables is a store of these tables; Kysely's types are invariant and cannot say so.
  const db = options.store.db as unknown as Kysely<CacheTables>;
  const { clock, log } = options;
  const maxEntryBytes = options.maxEntryBytes ?? 2 ** 20;
  const touched = new Map<string, number>();
  let writes = 0;

  async function sweep(): Promise<void> {
    const uses = [...touched];
    touched.clear();
    for (const [id, at] of uses) {
      await db.updateTable("cache_entries").set({ last_used_at: at }).where("id", "=", id).execute();
    }
    await db.deleteFrom("cache_entries").where("expires_at", "<=", clock.now()).execute();
    await makeRoom(db, options.maxEntries ?? 50_000, options.maxBytes ?? 256 * 2 ** 20);
  }

  return {
    async get(partition, key) {
      const id = buildId(partition, key);
      const row = await db
        .selectFrom("cache_entries")
        .select(["value", "created_at"])
        .where("id", "=", id)
        .where("expires_at", ">", clock.now())
        .executeTakeFirst();
      if (!row) return undefined;
      if (touched.size < maxTouched || touched.has(id)) touched.set(id, clock.now());
      return { value: row.value, createdAt: row.created_at };
    },
    async put(partition, key, value) {
      const bytes = Buffer.byteLength(value);
      if (bytes > maxEntryBytes || options.ttlMs <= 0) return;
      const now = clock.now();
      const row = { value, bytes, created_at: now, expires_at: now + options.ttlMs, last_used_at: now };
      try {
        await db
          .insertInto("cache_entries")
          .values({ id: buildId(partition, key), partition, ...row })
          .onConflict((conflict) => conflict.column("id").doUpdateSet(row))
          .execute();
        writes += 1;
        if (writes % sweepEveryWrites === 0) await sweep();
      } catch (error) {
        log.warn({ err: error }, "cache write failed");
      }
    },
    async remove(partition, key) {
      const id = buildId(partition, key);
      touched.delete(id);
      await db.deleteFrom("cache_entries").where("id", "=", id).execute();
    },
    sweep,
  };
}

/** Lengths first, so that no partition can be written that ends where another's key begins. */
function buildId(partition: string, key: string): string {
  return hash("sha256", `${partition.length}:${partition}:${key}`);
}

async function makeRoom(db: Kysely<CacheTables>, maxEntries: number, maxBytes: number): Promise<void> {
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
