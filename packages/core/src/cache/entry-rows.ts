import type { Store } from "../store/store.ts";
import type { ByteVector } from "./byte-matrix.ts";
import type { SemanticTables } from "./semantic-tables.ts";

export type EntryRow = SemanticTables["semantic_entries"];

/** Rows read or written at once: enough to be quick, few enough to leave others their turn. */
const rowsAtOnce = 500;
const removedAtOnce = 500;
/** Room made at once, so that a full cache does not make room at every write. */
const keptFraction = 0.9;

/** The entries' rows, whatever database keeps them. */
export interface EntryRows {
  insert(rows: readonly EntryRow[]): Promise<void>;
  /** Rows of a partition that changed at or after `since`, oldest change first, removed ones too. */
  readChanged(partition: string, since: number): Promise<EntryRow[]>;
  find(id: string): Promise<EntryRow | undefined>;
  /** Not to be served any more, in any process. Resolves with how many there were. */
  remove(where: { id?: string; category?: string; partition?: string }, now: number): Promise<number>;
  /** One more check; not removed by it. */
  addCheck(id: string, correct: boolean, now: number): Promise<void>;
  markUsed(ids: Iterable<string>, now: number): Promise<void>;
  /** Living entries of other embedding models, by id. */
  findOutdated(
    modelId: string,
    page: { after: string | undefined; limit: number; now: number },
  ): Promise<{ id: string; text: string }[]>;
  /** Gives an entry its new place and vector. False: it is gone, or not of `before` any more. */
  move(row: EntryRow, before: string): Promise<boolean>;
  countByCategory(now: number): Promise<Map<string, number>>;
  /** Frees rows that were removed or expired before `before`, then the least recently used until within bounds. */
  sweep(bounds: { before: number; maxEntries: number; maxBytes: number; now: number }): Promise<void>;
}

export function toVectorColumns({ bytes, scale }: ByteVector): { vector: string; vector_scale: number } {
  return { vector: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"), vector_scale: scale };
}

export function fromVectorColumns(row: Pick<EntryRow, "vector" | "vector_scale">): ByteVector {
  const bytes = Buffer.from(row.vector, "base64");
  return { bytes: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length), scale: row.vector_scale };
}

export function createEntryRows(store: Store<SemanticTables>): EntryRows {
  return new StoredEntryRows(store);
}

class StoredEntryRows implements EntryRows {
  readonly #store: Store<SemanticTables>;

  constructor(store: Store<SemanticTables>) {
    this.#store = store;
  }

  async insert(rows: readonly EntryRow[]): Promise<void> {
    for (let start = 0; start < rows.length; start += rowsAtOnce) {
      await this.#store.db
        .insertInto("semantic_entries")
        .values(rows.slice(start, start + rowsAtOnce))
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
    }
  }

  async readChanged(partition: string, since: number): Promise<EntryRow[]> {
    const found: EntryRow[] = [];
    let after = { changedAt: since, id: "" };
    for (;;) {
      const page = await this.#store.db
        .selectFrom("semantic_entries")
        .selectAll()
        .where("partition", "=", partition)
        .where((where) =>
          where.or([
            where("changed_at", ">", after.changedAt),
            where.and([where("changed_at", "=", after.changedAt), where("id", ">", after.id)]),
          ]),
        )
        .orderBy("changed_at")
        .orderBy("id")
        .limit(rowsAtOnce)
        .execute();
      found.push(...page.map(toNumbers));
      const last = page.at(-1);
      if (!last || page.length < rowsAtOnce) return found;
      after = { changedAt: Number(last.changed_at), id: last.id };
    }
  }

  async find(id: string): Promise<EntryRow | undefined> {
    const row = await this.#store.db
      .selectFrom("semantic_entries")
      .selectAll()
      .where("id", "=", id)
      .where("removed_at", "is", null)
      .executeTakeFirst();
    return row && toNumbers(row);
  }

  async remove({ id, category, partition }: Parameters<EntryRows["remove"]>[0], now: number): Promise<number> {
    let update = this.#store.db
      .updateTable("semantic_entries")
      .set({ removed_at: now, changed_at: now })
      .where("removed_at", "is", null);
    if (id !== undefined) update = update.where("id", "=", id);
    if (category !== undefined) update = update.where("category", "=", category);
    if (partition !== undefined) update = update.where("partition", "=", partition);
    return Number((await update.executeTakeFirst()).numUpdatedRows);
  }

  async addCheck(id: string, correct: boolean, now: number): Promise<void> {
    await this.#store.db
      .updateTable("semantic_entries")
      .set((row) => ({
        checks: row("checks", "+", 1),
        wrong_checks: row("wrong_checks", "+", correct ? 0 : 1),
        changed_at: now,
      }))
      .where("id", "=", id)
      .execute();
  }

  async markUsed(ids: Iterable<string>, now: number): Promise<void> {
    const all = [...ids];
    for (let start = 0; start < all.length; start += rowsAtOnce) {
      await this.#store.db
        .updateTable("semantic_entries")
        .set({ last_used_at: now })
        .where("id", "in", all.slice(start, start + rowsAtOnce))
        .execute();
    }
  }

  async findOutdated(modelId: string, { after = "", limit, now }: Parameters<EntryRows["findOutdated"]>[1]) {
    return await this.#store.db
      .selectFrom("semantic_entries")
      .select(["id", "text"])
      .where("model_id", "!=", modelId)
      .where("removed_at", "is", null)
      .where("expires_at", ">", now)
      .where("id", ">", after)
      .orderBy("id")
      .limit(limit)
      .execute();
  }

  async move(row: EntryRow, before: string): Promise<boolean> {
    const { id, partition, model_id, vector, vector_scale, changed_at } = row;
    const { numUpdatedRows } = await this.#store.db
      .updateTable("semantic_entries")
      .set({ partition, model_id, vector, vector_scale, changed_at })
      .where("id", "=", id)
      .where("model_id", "=", before)
      .where("removed_at", "is", null)
      .executeTakeFirst();
    return Number(numUpdatedRows) > 0;
  }

  async countByCategory(now: number): Promise<Map<string, number>> {
    const rows = await this.#store.db
      .selectFrom("semantic_entries")
      .select(["category", (row) => row.fn.countAll<number>().as("entries")])
      .where("removed_at", "is", null)
      .where("expires_at", ">", now)
      .groupBy("category")
      .execute();
    return new Map(rows.map((row) => [row.category, Number(row.entries)]));
  }

  sweep(bounds: Parameters<EntryRows["sweep"]>[0]) {
    return sweep(this.#store, bounds);
  }
}

async function sweep({ db }: Store<SemanticTables>, bounds: Parameters<EntryRows["sweep"]>[0]): Promise<void> {
  await db
    .deleteFrom("semantic_entries")
    .where((where) => where.or([where("expires_at", "<=", bounds.before), where("removed_at", "<=", bounds.before)]))
    .execute();
  const total = await db
    .selectFrom("semantic_entries")
    .select((row) => [row.fn.countAll<number>().as("entries"), row.fn.sum<number>("bytes").as("bytes")])
    .where("removed_at", "is", null)
    .executeTakeFirstOrThrow();
  let entries = Number(total.entries);
  let bytes = Number(total.bytes ?? 0);
  if (entries <= bounds.maxEntries && bytes <= bounds.maxBytes) return;
  while (entries > bounds.maxEntries * keptFraction || bytes > bounds.maxBytes * keptFraction) {
    const oldest = await db
      .selectFrom("semantic_entries")
      .select(["id", "bytes"])
      .where("removed_at", "is", null)
      .orderBy("last_used_at")
      .limit(removedAtOnce)
      .execute();
    if (oldest.length === 0) return;
    const doomed: string[] = [];
    for (const row of oldest) {
      if (entries <= bounds.maxEntries * keptFraction && bytes <= bounds.maxBytes * keptFraction) break;
      doomed.push(row.id);
      entries -= 1;
      bytes -= Number(row.bytes);
    }
    // Marked, not deleted: other processes have them in memory and must hear of it.
    const gone = { removed_at: bounds.now, changed_at: bounds.now };
    await db.updateTable("semantic_entries").set(gone).where("id", "in", doomed).execute();
  }
}

/** PostgreSQL gives 64-bit integers as text where the driver was not told otherwise. */
function toNumbers(row: EntryRow): EntryRow {
  return { ...row, checks: Number(row.checks), wrong_checks: Number(row.wrong_checks) };
}
