import { sql } from "kysely";
import type { Clock } from "../limits/clock.ts";
import type { Store } from "../store/store.ts";
import type { CacheTables } from "./cache-tables.ts";

export interface RoomLimits {
  clock: Clock;
  maxEntries: number;
  /** All values together, bytes of UTF-8. */
  maxBytes: number;
}

const sweepEveryWrites = 200;
/** Room made at once, so that a full cache does not make room at every write. */
const keptFraction = 0.9;
/**
 * Counting reads the whole table, so it is done when the limits may have been reached, and after so many writes in any
 * case, because other processes write too.
 */
const countEveryFraction = 0.05;
/** Uses remembered until the next sweep; beyond it, age decides. */
const maxTouched = 5_000;
const deletedAtOnce = 500;

interface Total {
  entries: number;
  bytes: number;
}

/** Keeps the exact cache within its limits: what has expired goes, then what was used the longest time ago. */
export class EntryRoom {
  readonly #store: Store<CacheTables>;
  readonly #limits: RoomLimits;
  readonly #touched = new Map<string, number>();
  #writesUntilSweep = sweepEveryWrites;
  #counted: Total | undefined;
  #addedSince: Total = { entries: 0, bytes: 0 };

  constructor(store: Store<CacheTables>, limits: RoomLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  touch(id: string): void {
    if (this.#touched.size < maxTouched || this.#touched.has(id)) this.#touched.set(id, this.#limits.clock.now());
  }

  forget(id: string): void {
    this.#touched.delete(id);
  }

  /** Sweeps now and then. */
  async added(rows: readonly { bytes: number }[]): Promise<void> {
    this.#addedSince.entries += rows.length;
    for (const { bytes } of rows) this.#addedSince.bytes += bytes;
    this.#writesUntilSweep -= rows.length;
    if (this.#writesUntilSweep > 0) return;
    this.#writesUntilSweep = sweepEveryWrites;
    await this.#clean();
    if (this.#mayBeFull()) await this.#makeRoom();
  }

  async sweep(): Promise<void> {
    await this.#clean();
    await this.#makeRoom();
  }

  async #clean(): Promise<void> {
    const uses = [...this.#touched];
    this.#touched.clear();
    await markUsed(this.#store, uses);
    await this.#store.db.deleteFrom("cache_entries").where("expires_at", "<=", this.#limits.clock.now()).execute();
  }

  #mayBeFull(): boolean {
    const { maxEntries, maxBytes } = this.#limits;
    const { entries, bytes } = this.#addedSince;
    if (!this.#counted || entries >= maxEntries * countEveryFraction) return true;
    return this.#counted.entries + entries > maxEntries || this.#counted.bytes + bytes > maxBytes;
  }

  async #makeRoom(): Promise<void> {
    const { maxEntries, maxBytes } = this.#limits;
    this.#addedSince = { entries: 0, bytes: 0 };
    this.#counted = await count(this.#store);
    const { entries, bytes } = this.#counted;
    if (entries <= maxEntries && bytes <= maxBytes) return;
    const wanted = { entries: maxEntries * keptFraction, bytes: maxBytes * keptFraction };
    this.#counted = await deleteOldest(this.#store, this.#counted, wanted);
  }
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

async function count({ db }: Store<CacheTables>): Promise<Total> {
  const total = await db
    .selectFrom("cache_entries")
    .select([sql<number>`count(*)`.as("entries"), sql<number>`coalesce(sum(bytes), 0)`.as("bytes")])
    .executeTakeFirstOrThrow();
  return { entries: Number(total.entries), bytes: Number(total.bytes) };
}

async function deleteOldest({ db }: Store<CacheTables>, total: Total, wanted: Total): Promise<Total> {
  let { entries, bytes } = total;
  while (entries > wanted.entries || bytes > wanted.bytes) {
    const oldest = await db
      .selectFrom("cache_entries")
      .select(["id", "bytes"])
      .orderBy("last_used_at")
      .limit(deletedAtOnce)
      .execute();
    if (oldest.length === 0) break;
    const doomed: string[] = [];
    for (const row of oldest) {
      if (entries <= wanted.entries && bytes <= wanted.bytes) break;
      doomed.push(row.id);
      entries -= 1;
      bytes -= Number(row.bytes);
    }
    await db.deleteFrom("cache_entries").where("id", "in", doomed).execute();
  }
  return { entries, bytes };
}
