import { sql } from "kysely";
import type { Logger } from "pino";
import { AppError } from "../errors/app-error.ts";
import type { Store } from "../store/store.ts";
import type { SemanticTables } from "./semantic-tables.ts";

/** The table of vectors and its graphs. https://github.com/pgvector/pgvector */
export interface VectorTable {
  /** The graph goes on until enough rows pass the filter: pgvector 0.8 and newer. */
  readonly iterates: boolean;
  /** A graph for vectors of this dimension, made when it is not there yet. */
  addGraph(dimension: number): Promise<void>;
}

/** Any fixed number: one process at a time makes the table. */
const lockId = 7_226_041_156;
/** Half precision came with 0.7. */
const lowestVersion = [0, 7] as const;
const iterativeVersion = [0, 8] as const;
/** What a graph over half precision takes. */
const highestDimension = 4_000;
const otherwise = "Until then the cache's vectors are searched in the memory of each server.";

/** `undefined`, and said in the log, where the database has no pgvector that will do. Throws when it does not answer. */
export async function openVectorTable(options: {
  store: Store<SemanticTables>;
  log: Logger;
}): Promise<VectorTable | undefined> {
  const { store, log } = options;
  try {
    const version = await findVersion(store);
    if (version === undefined) {
      log.warn(`PostgreSQL has no extension "vector". Install pgvector 0.7 or newer there and restart. ${otherwise}`);
      return undefined;
    }
    if (!isAtLeast(version, lowestVersion)) {
      log.warn({ version }, `This pgvector is too old: update it to 0.7 or newer and restart. ${otherwise}`);
      return undefined;
    }
    await createTable(store);
    log.info({ version }, "The cache's vectors are searched by PostgreSQL.");
    return { iterates: isAtLeast(version, iterativeVersion), addGraph: createGraphMaker(options) };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const advice = "Let its owner run: CREATE EXTENSION vector; and restart.";
    log.warn({ err: error }, `The extension "vector" of PostgreSQL cannot be used. ${advice} ${otherwise}`);
    return undefined;
  }
}

/** Of the extension in this database, or of the one it would get. */
async function findVersion({ db }: Store<SemanticTables>): Promise<string | undefined> {
  const { rows } = await sql<{ version: string }>`
    select coalesce(installed_version, default_version) as version
    from pg_available_extensions where name = 'vector'`.execute(db);
  return rows[0]?.version;
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** No migration: the extension may come later, or to one database of two. */
async function createTable(store: Store<SemanticTables>): Promise<void> {
  await store.transaction(async (tx) => {
    await sql`select pg_advisory_xact_lock(${lockId}::bigint)`.execute(tx);
    await sql`create extension if not exists vector`.execute(tx);
    await sql`
      create table if not exists semantic_vectors (
        id text primary key references semantic_entries (id) on delete cascade,
        partition text not null, model_id text not null, category text not null, dimension integer not null,
        expires_at bigint not null, tags text not null, embedding halfvec not null
      )`.execute(tx);
    // Beside the row and not behind it: comparing a partition reads each of its vectors.
    await sql`alter table semantic_vectors alter column embedding set storage main`.execute(tx);
    await sql`
      create index if not exists semantic_vectors_by_place
      on semantic_vectors (partition, model_id, dimension)`.execute(tx);
  });
}

/** Made while there are few vectors, it takes a moment; each later one costs a millisecond when it is written. */
function createGraphMaker({ store, log }: { store: Store<SemanticTables>; log: Logger }) {
  const made = new Map<number, Promise<void>>();
  async function make(dimension: number): Promise<void> {
    const type = sql.raw(`halfvec(${dimension})`);
    try {
      await store.transaction(async (tx) => {
        await sql`select pg_advisory_xact_lock(${lockId}::bigint)`.execute(tx);
        await sql`
          create index if not exists ${sql.raw(`semantic_vectors_near_${dimension}`)} on semantic_vectors
          using hnsw ((embedding::${type}) halfvec_ip_ops) where dimension = ${sql.lit(dimension)}`.execute(tx);
      });
    } catch (error) {
      log.warn({ err: error, dimension }, "No graph for the cache's vectors: PostgreSQL compares them one by one.");
    }
  }
  return async (dimension: number): Promise<void> => {
    if (!Number.isSafeInteger(dimension) || dimension < 1 || dimension > highestDimension) return;
    const making = made.get(dimension) ?? make(dimension);
    made.set(dimension, making);
    await making;
  };
}
