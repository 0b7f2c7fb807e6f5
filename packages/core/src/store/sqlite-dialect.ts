import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  DialectAdapterBase,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { AppError } from "../errors/app-error.ts";
import { createQueueLock } from "./queue-lock.ts";
import { fromSqliteError, isSqliteBusy } from "./store-errors.ts";
import { assertStorable } from "./text-check.ts";

export interface SqliteConnections {
  file: string;
  /** The one connection that writes; a lock hands it out. */
  writer: DatabaseSync;
  /** Sees what is committed while a transaction is open on the writer. */
  reader: DatabaseSync;
  /** How long to wait for other processes, in all. */
  busyBudgetMs: number;
}

const maxWaitingWrites = 1_000;
const maxCachedStatements = 256;
const maxBusyPauseMs = 25;

/**
 * Kysely's own SQLite dialect has one connection, plain BEGIN and blocks the process while another one writes. This one
 * reads beside writes, begins IMMEDIATE (a deferred transaction fails with BUSY_SNAPSHOT when it upgrades) and waits
 * for other processes without holding up the event loop.
 */
export function createSqliteDialect(connections: SqliteConnections): Dialect {
  return {
    createAdapter: () => new ConcurrentSqliteAdapter(),
    createDriver: () => createDriver(connections),
    createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** Tells Kysely not to queue everything behind one connection: the driver queues writes only. */
class ConcurrentSqliteAdapter extends DialectAdapterBase {
  override get supportsReturning(): boolean {
    return true;
  }

  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  override async acquireMigrationLock(): Promise<void> {}

  override async releaseMigrationLock(): Promise<void> {}
}

function createDriver(connections: SqliteConnections): Driver {
  const { file, writer, reader } = connections;
  const lock = createQueueLock({ maxWaiting: maxWaitingWrites, maxWaitMs: connections.busyBudgetMs });
  const writerStatements = createStatementCache(writer);
  const readerStatements = createStatementCache(reader);
  const retrying = <T>(work: () => T) => retryWhileBusy(file, connections.busyBudgetMs, work);

  class SqliteConnection implements DatabaseConnection {
    #unlock: (() => void) | undefined;
    #released = false;

    async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
      if (this.#released) throw new AppError("internal", "A transaction was used after its end.");
      assertStorable(query.parameters);
      if (this.#unlock) return retrying(() => runQuery<Row>(writerStatements(query), query));
      if (query.query.kind === "SelectQueryNode") return retrying(() => runQuery<Row>(readerStatements(query), query));
      const unlock = await lock.acquire();
      try {
        return await retrying(() => runQuery<Row>(writerStatements(query), query));
      } finally {
        unlock();
      }
    }

    async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
      assertStorable(query.parameters);
      const database = this.#unlock ? writer : reader;
      for (const row of database.prepare(query.sql).iterate(...toInputs(query.parameters)))
        yield { rows: [row as Row] };
    }

    async begin(): Promise<void> {
      const unlock = await lock.acquire();
      try {
        await retrying(() => writer.exec("BEGIN IMMEDIATE"));
      } catch (error) {
        unlock();
        throw error;
      }
      this.#unlock = unlock;
    }

    async commit(): Promise<void> {
      await retrying(() => writer.exec("COMMIT"));
      this.#end();
    }

    rollback(): void {
      // A full disk makes SQLite roll back by itself; a second rollback would hide that error.
      if (this.#unlock && writer.isOpen && writer.isTransaction) writer.exec("ROLLBACK");
      this.#end();
    }

    #end(): void {
      this.#unlock?.();
      this.#unlock = undefined;
    }

    release(): void {
      this.rollback();
      this.#released = true;
    }
  }

  return {
    init: async () => {},
    acquireConnection: async () => new SqliteConnection(),
    beginTransaction: (connection) => (connection as SqliteConnection).begin(),
    commitTransaction: (connection) => (connection as SqliteConnection).commit(),
    rollbackTransaction: async (connection) => (connection as SqliteConnection).rollback(),
    releaseConnection: async (connection) => (connection as SqliteConnection).release(),
    destroy: async () => {
      if (reader.isOpen) reader.close();
      if (writer.isOpen) writer.close();
    },
  };
}

function runQuery<Row>(statement: CachedStatement, query: CompiledQuery): QueryResult<Row> {
  const inputs = toInputs(query.parameters);
  if (statement.returnsRows) return { rows: statement.statement.all(...inputs) as Row[] };
  const { changes, lastInsertRowid } = statement.statement.run(...inputs);
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}

function toInputs(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => (value === undefined ? null : (value as SQLInputValue)));
}

interface CachedStatement {
  statement: StatementSync;
  returnsRows: boolean;
}

/** Prepared statements, least recently used first out. Preparing costs more than running a small statement. */
function createStatementCache(database: DatabaseSync): (query: CompiledQuery) => CachedStatement {
  const cache = new Map<string, CachedStatement>();
  return (query) => {
    const known = cache.get(query.sql);
    if (known) {
      cache.delete(query.sql);
      cache.set(query.sql, known);
      return known;
    }
    const statement = database.prepare(query.sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    if (query.query.kind === "RawNode") return prepared;
    cache.set(query.sql, prepared);
    const oldest = cache.size > maxCachedStatements ? cache.keys().next().value : undefined;
    if (oldest !== undefined) cache.delete(oldest);
    return prepared;
  };
}

/** A busy statement had no effect, so it is tried again until the budget is spent. */
async function retryWhileBusy<T>(file: string, budgetMs: number, work: () => T): Promise<T> {
  const giveUpAt = performance.now() + budgetMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return work();
    } catch (error) {
      if (!isSqliteBusy(error) || performance.now() >= giveUpAt) throw fromSqliteError(error, file);
    }
    await delay(Math.random() * Math.min(maxBusyPauseMs, 2 ** attempt));
  }
}
