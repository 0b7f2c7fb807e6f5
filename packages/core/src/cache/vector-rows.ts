import { sql } from "kysely";
import type { Logger } from "pino";
import type { Clock } from "../limits/clock.ts";
import type { Store } from "../store/store.ts";
import { type EntryRow, fromVectorColumns } from "./entry-rows.ts";
import { fromByteVector } from "./byte-matrix.ts";
import type { SemanticTables } from "./semantic-tables.ts";
import {
  buildGraphSettings,
  buildSearch,
  type FoundRow,
  isIn,
  isOf,
  toText,
  type VectorPlace,
} from "./vector-search.ts";
import { openVectorTable, type VectorTable } from "./vector-table.ts";

/** The entries' vectors as a table of PostgreSQL with pgvector, which searches them. */
export interface VectorRows {
  /** Best first; neither removed nor too old, and with tags that hold. */
  nearest(search: VectorPlace & { vector: Float32Array; count: number; now: number }): Promise<FoundRow[]>;
  /** Whether there is any entry at all, be it removed or too old. */
  holdsAny(place: VectorPlace): Promise<boolean>;
  /** Of entries whose rows are there; one of another embedding model takes the place of the one before. */
  insert(rows: readonly EntryRow[]): Promise<void>;
  /** Entries from a time without pgvector have been taken in, or that was given up. */
  settled(): Promise<void>;
}

export interface VectorRowsOptions {
  store: Store<SemanticTables>;
  clock: Clock;
  log: Logger;
  /** Up to so many vectors of a partition are compared one by one. Default 1,000. */
  exactLimit?: number;
}

/** Up to here PostgreSQL compares within some milliseconds; above it the graph is faster. */
const defaultExactLimit = 1_000;
/** How long the size of a partition is taken for known. */
const countedMs = 60_000;
const maxCounted = 1_000;
/** Removed entries keep their vectors until the next sweep: so many times more are asked for, then more again. */
const surplus = 3;
const widening = 10;
const widest = 100_000;
const rowsAtOnce = 100;

/** `undefined`, and said in the log, where the database has no pgvector that will do. */
export async function openVectorRows(options: VectorRowsOptions): Promise<VectorRows | undefined> {
  const table = await openVectorTable(options);
  return table && new StoredVectorRows(options, table);
}

class StoredVectorRows implements VectorRows {
  readonly #store: Store<SemanticTables>;
  readonly #clock: Clock;
  readonly #exactLimit: number;
  readonly #table: VectorTable;
  readonly #large = new Map<string, { is: boolean; until: number }>();
  readonly #filling: Promise<void>;

  constructor({ store, clock, log, exactLimit = defaultExactLimit }: VectorRowsOptions, table: VectorTable) {
    this.#store = store;
    this.#clock = clock;
    this.#exactLimit = exactLimit;
    this.#table = table;
    this.#filling = this.#fill().catch((error: unknown) => {
      log.warn({ err: error }, "Earlier entries of the cache are not all searched by PostgreSQL.");
    });
  }

  async nearest(search: Parameters<VectorRows["nearest"]>[0]): Promise<FoundRow[]> {
    await this.#table.addGraph(search.dimension);
    const isLarge = await this.#isLarge(search);
    for (let limit = search.count * surplus; ; limit *= widening) {
      const { rows, isAll } = isLarge ? await this.#searchGraph(search, limit) : await this.#searchAll(search, limit);
      if (rows.length >= search.count || isAll || limit >= widest) return rows.slice(0, search.count);
    }
  }

  async #searchAll(search: Parameters<VectorRows["nearest"]>[0], limit: number) {
    return await this.#run(this.#store.db, { ...search, limit, byGraph: false });
  }

  async #searchGraph(search: Parameters<VectorRows["nearest"]>[0], limit: number) {
    const found = await this.#store.transaction(async (tx) => {
      await buildGraphSettings({ limit, iterates: this.#table.iterates }).execute(tx);
      return await this.#run(tx, { ...search, limit, byGraph: true });
    });
    // A graph that stops early knows no filter: what it left out is looked for one by one.
    const isShort = found.rows.length < search.count && found.isAll;
    return isShort ? await this.#searchAll(search, limit) : found;
  }

  async #run(
    db: Store<SemanticTables>["db"],
    search: Parameters<typeof buildSearch>[0],
  ): Promise<{ rows: FoundRow[]; isAll: boolean }> {
    const { rows } = await buildSearch(search).execute(db);
    return { rows: rows.filter((row) => row.removed_at === null), isAll: rows.length < search.limit };
  }

  async #isLarge(place: VectorPlace): Promise<boolean> {
    const key = `${place.modelId} ${place.dimension} ${place.partition}`;
    const known = this.#large.get(key);
    const now = this.#clock.monotonic();
    if (known && now < known.until) return known.is;
    const { rows } = await sql<{ size: number }>`
      select count(*) as size from (
        select 1 from semantic_vectors v where ${isOf(place)} limit ${this.#exactLimit + 1}
      ) as counted`.execute(this.#store.db);
    const is = Number(rows[0]?.size ?? 0) > this.#exactLimit;
    this.#large.delete(key);
    this.#large.set(key, { is, until: now + countedMs });
    for (const oldest of this.#large.keys()) {
      if (this.#large.size <= maxCounted) break;
      this.#large.delete(oldest);
    }
    return is;
  }

  async holdsAny(place: VectorPlace): Promise<boolean> {
    const found = await sql`select 1 from semantic_vectors v where ${isIn(place)} limit 1`.execute(this.#store.db);
    return found.rows.length > 0;
  }

  async insert(rows: readonly EntryRow[]): Promise<void> {
    for (let start = 0; start < rows.length; start += rowsAtOnce) {
      const values = rows.slice(start, start + rowsAtOnce).map((row) => {
        const vector = fromByteVector(fromVectorColumns(row));
        const place = sql`${row.id}, ${row.partition}, ${row.model_id}, ${row.category}, ${vector.length}`;
        return sql`(${place}, ${row.expires_at}, ${row.tags}, ${toText(vector)}::halfvec)`;
      });
      await sql`
        insert into semantic_vectors (id, partition, model_id, category, dimension, expires_at, tags, embedding)
        values ${sql.join(values)} on conflict (id) do update set partition = excluded.partition,
          model_id = excluded.model_id, dimension = excluded.dimension, embedding = excluded.embedding
        where semantic_vectors.model_id <> excluded.model_id`.execute(this.#store.db);
    }
  }

  settled(): Promise<void> {
    return this.#filling;
  }

  async #fill(): Promise<void> {
    for (;;) {
      const missing = await this.#store.db
        .selectFrom("semantic_entries as e")
        .selectAll("e")
        .where("e.removed_at", "is", null)
        .where("e.expires_at", ">", this.#clock.now())
        .where(sql<boolean>`not exists (select 1 from semantic_vectors v where v.id = e.id)`)
        .limit(rowsAtOnce)
        .execute();
      if (missing.length === 0) return;
      await this.insert(missing);
    }
  }
}
