import { hash } from "node:crypto";
import type { Logger } from "pino";
import type { Clock } from "../limits/clock.ts";
import { createRowInserter } from "../store/insert-rows.ts";
import { narrowStore, type Store } from "../store/store.ts";
import type { CacheTables } from "./cache-tables.ts";
import { EntryRoom } from "./entry-room.ts";
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
  /** The same from memory alone: `undefined` says nothing of what is stored. */
  peek(partition: string, key: string): CachedValue | undefined;
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

/** An answer is visible at once; that it survives a crash may wait, so that a busy second costs a few durable writes. */
const gatherMs = 250;
const maxWaiting = 2_000;
const nothingToDo = Promise.resolve();

export function createExactCache<Tables extends CacheTables>(options: ExactCacheOptions<Tables>): ExactCache {
  const store: Store<CacheTables> = narrowStore(options.store);
  const { clock, log } = options;
  const maxEntryBytes = options.maxEntryBytes ?? 256 * 1024;
  const front = createRecentValues<FrontRow>({ clock, keptMs: options.frontMs ?? 1_000 });
  const { maxEntries = 50_000, maxBytes = 256 * 2 ** 20 } = options;
  const room = new EntryRoom(store, { clock, maxEntries, maxBytes });

  async function write(rows: readonly Row[]): Promise<void> {
    await store.transaction((tx) => inserter.insert(tx, rows));
    await room.added(rows);
  }

  const find = createFind(store);
  const inserter = createInserter(store);
  const onError = (error: unknown): void => log.warn({ err: error }, "cache write failed");
  const gatherer = createWriteGatherer<Row>({ clock, write, onError, gatherMs, maxWaiting });

  function use(id: string, row: FrontRow | undefined): CachedValue | undefined {
    if (!row || row.expires_at <= clock.now()) return undefined;
    room.touch(id);
    return { value: row.value, createdAt: row.created_at };
  }

  const idOf = rememberIds(buildId);
  return {
    async get(partition, key) {
      const id = idOf(partition, key);
      const known = gatherer.get(id) ?? front.get(id);
      if (known) return use(id, known);
      const row = await find(id);
      if (row) front.set(id, row, row.value.length);
      return use(id, row);
    },
    peek(partition, key) {
      const id = idOf(partition, key);
      return use(id, gatherer.get(id) ?? front.get(id));
    },
    put(partition, key, value) {
      const bytes = Buffer.byteLength(value);
      if (bytes > maxEntryBytes || options.ttlMs <= 0) return nothingToDo;
      const now = clock.now();
      const id = idOf(partition, key);
      const times = { created_at: now, expires_at: now + options.ttlMs, last_used_at: now };
      front.delete(id);
      return gatherer.add(id, { id, partition, value, bytes, ...times }) ?? nothingToDo;
    },
    async remove(partition, key) {
      const id = buildId(partition, key);
      await gatherer.settled();
      room.forget(id);
      front.delete(id);
      await store.db.deleteFrom("cache_entries").where("id", "=", id).execute();
      // A look-up may have been on its way.
      front.delete(id);
    },
    sweep: () => room.sweep(),
  };
}

const rememberedIds = 500;

/** A request needs the same id three times: it looks in memory, then in the store, and writes what was not there. */
function rememberIds(build: (partition: string, key: string) => string): (partition: string, key: string) => string {
  const known = new Map<string, { partition: string; id: string }>();
  return (partition, key) => {
    const last = known.get(key);
    if (last?.partition === partition) return last.id;
    const id = build(partition, key);
    if (known.size >= rememberedIds) known.clear();
    known.set(key, { partition, id });
    return id;
  };
}

/** Lengths first, so that no partition can be written that ends where another's key begins. */
export function buildId(partition: string, key: string): string {
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
