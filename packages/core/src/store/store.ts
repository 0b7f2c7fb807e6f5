import { setTimeout as delay } from "node:timers/promises";
import { type CompiledQuery, type Dialect, Kysely, type Transaction } from "kysely";
import type { Logger } from "pino";
import type { Secret } from "../config/secret.ts";
import type { SecretUse } from "../config/secret-use.ts";
import { AppError } from "../errors/app-error.ts";
import { coreMigrations } from "./core-migrations.ts";
import { type Engine, isUpToDate, migrate, type MigrationSet } from "./migrate.ts";
import { createPostgresDialect } from "./postgres-dialect.ts";
import { createSqliteDialect, createSqliteReader, type SqliteReader } from "./sqlite-dialect.ts";
import { backUpSqliteFile, markCreated, openSqliteFile } from "./sqlite-file.ts";
import { isRepeatable } from "./store-errors.ts";

export type { Engine, Migration, MigrationSet } from "./migrate.ts";

export interface Store<Tables> {
  readonly db: Kysely<Tables>;
  readonly engine: Engine;
  /**
   * All or nothing. `work` runs again when other writers were in the way, so it does nothing but use `tx`.
   * Throws AppError `unavailable` (busy, disk full, database away), `timeout` (longer than 30 s), `invalid_input` (NUL).
   */
  transaction<T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T>;
  /** Rows of a `select` that was compiled once, for questions that each request asks: Kysely's way costs more than theirs. */
  read<Row>(query: CompiledQuery<Row>): Promise<Row[]>;
  close(): Promise<void>;
}

export interface OpenStoreOptions {
  dataDir: string;
  /** PostgreSQL instead of the file in `dataDir`. Its value may be replaced while the store is open. */
  databaseUrl?: Secret;
  /** Told of each statement, with the URL it went to; for whoever rotates that. */
  onDatabaseUse?: SecretUse;
  /** Beside core's own, which are always there. */
  migrations: readonly MigrationSet[];
  log: Logger;
}

const openAttempts = 4;
const transactionAttempts = 8;
const transactionDeadlineMs = 30_000;
const busyBudgetMs = 10_000;
const migrationBudgetMs = 120_000;
const servingLimits = { maxConnections: 10, connectTimeoutMs: 2_000, statementTimeoutMs: 4_500, queryTimeoutMs: 5_000 };
const migrationLimits = {
  maxConnections: 1,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: migrationBudgetMs,
  queryTimeoutMs: migrationBudgetMs + 5_000,
};

/** Opens the one store of this installation and brings its tables up to date. Several processes may open it at once. */
export async function openStore<Tables>(options: OpenStoreOptions): Promise<Store<Tables>> {
  const sets = [coreMigrations, ...options.migrations.filter((set) => set.owner !== coreMigrations.owner)];
  const { databaseUrl, dataDir, log } = options;
  if (databaseUrl) {
    const connection = { url: databaseUrl, log, onUse: options.onDatabaseUse };
    const migrating = () => createPostgresDialect({ ...connection, limits: migrationLimits });
    await whileAway(() => migrateOnce(migrating(), "postgres", sets, () => {}));
    return createStore("postgres", createPostgresDialect({ ...connection, limits: servingLimits }));
  }
  const backUp = () => log.info({ copy: backUpSqliteFile(dataDir) }, "Copied the store before changing its tables.");
  await migrateOnce(createSqliteDialect(openSqliteFile(dataDir, migrationBudgetMs)), "sqlite", sets, backUp);
  markCreated(dataDir);
  const connections = openSqliteFile(dataDir, busyBudgetMs);
  return createStore("sqlite", createSqliteDialect(connections), createSqliteReader(connections));
}

/** A server that just starts or has no free connection gets a few seconds; a wrong address is told soon all the same. */
async function whileAway(open: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open();
    } catch (error) {
      if (attempt >= openAttempts || !isRepeatable(error)) throw error;
    }
    await delay(200 * 2 ** attempt);
  }
}

/** Its own short-lived connections: a migration may take longer than any request. */
async function migrateOnce(dialect: Dialect, engine: Engine, sets: MigrationSet[], backUp: () => void): Promise<void> {
  const db = new Kysely<{ sophia_migrations: { owner: string; name: string; applied_at: number } }>({ dialect });
  try {
    const known = await db.introspection.getTables();
    const started = known.some((table) => table.name === "sophia_migrations");
    if (!started || !(await isUpToDate(db, sets))) await migrate({ db, engine, sets, backUp });
  } finally {
    await db.destroy();
  }
}

function createStore<Tables>(engine: Engine, dialect: Dialect, reader?: SqliteReader): Store<Tables> {
  const db = new Kysely<Tables>({ dialect });
  return {
    // What the short way cannot read at once, busy or broken, goes the long way, which waits or says why.
    read: async (query) => reader?.(query) ?? (await db.executeQuery(query)).rows,
    db,
    engine,
    transaction: (work) => runTransaction(db, work),
    close: () => db.destroy(),
  };
}

async function runTransaction<Tables, T>(
  db: Kysely<Tables>,
  work: (tx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute((tx) => withDeadline(work(tx)));
    } catch (error) {
      if (attempt >= transactionAttempts || !isRepeatable(error)) throw error;
    }
    await delay(Math.random() * Math.min(500, 10 * 2 ** attempt));
  }
}

/** An abandoned transaction would keep every other writer out. */
async function withDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new AppError("timeout", "A transaction took longer than 30 seconds and was rolled back."));
    }, transactionDeadlineMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** A store with more tables is a store of fewer; Kysely's types are invariant and cannot say so. */
export function narrowStore<Fewer, More extends Fewer>(store: Store<More>): Store<Fewer> {
  return store as unknown as Store<Fewer>;
}
