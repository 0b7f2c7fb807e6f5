import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import { AppError } from "../errors/app-error.ts";
import type { QueueLock } from "./queue-lock.ts";
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

export interface SharedConnections extends SqliteConnections {
  lock: QueueLock;
  prepareWrite(query: CompiledQuery): PreparedStatement;
  prepareRead(query: CompiledQuery): PreparedStatement;
}

export interface PreparedStatement {
  statement: StatementSync;
  returnsRows: boolean;
}

const maxBusyPauseMs = 25;
const maxCachedStatements = 256;

/** What Kysely holds for one query or one transaction. It owns the writer only between begin and its end. */
export class SqliteConnection implements DatabaseConnection {
  readonly #shared: SharedConnections;
  #unlock: (() => void) | undefined;
  #released = false;

  constructor(shared: SharedConnections) {
    this.#shared = shared;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#released) throw new AppError("internal", "A transaction was used after its end.");
    assertStorable(query.parameters);
    const { prepareRead, prepareWrite, lock } = this.#shared;
    if (this.#unlock) return this.#retrying(() => runQuery<Row>(prepareWrite(query), query));
    if (query.query.kind === "SelectQueryNode") return this.#retrying(() => runQuery<Row>(prepareRead(query), query));
    const unlock = await lock.acquire();
    try {
      return await this.#retrying(() => runQuery<Row>(prepareWrite(query), query));
    } finally {
      unlock();
    }
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    assertStorable(query.parameters);
    const database = this.#unlock ? this.#shared.writer : this.#shared.reader;
    for (const row of database.prepare(query.sql).iterate(...toInputs(query.parameters))) yield { rows: [row as Row] };
  }

  async begin(): Promise<void> {
    const unlock = await this.#shared.lock.acquire();
    try {
      await this.#retrying(() => this.#shared.writer.exec("BEGIN IMMEDIATE"));
    } catch (error) {
      unlock();
      throw error;
    }
    this.#unlock = unlock;
  }

  async commit(): Promise<void> {
    await this.#retrying(() => this.#shared.writer.exec("COMMIT"));
    this.#end();
  }

  rollback(): void {
    const { writer } = this.#shared;
    // A full disk makes SQLite roll back by itself; a second rollback would hide that error.
    if (this.#unlock && writer.isOpen && writer.isTransaction) writer.exec("ROLLBACK");
    this.#end();
  }

  release(): void {
    this.rollback();
    this.#released = true;
  }

  #end(): void {
    this.#unlock?.();
    this.#unlock = undefined;
  }

  /** A busy statement had no effect, so it is tried again until the budget is spent, without holding up the event loop. */
  async #retrying<T>(work: () => T): Promise<T> {
    const giveUpAt = performance.now() + this.#shared.busyBudgetMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return work();
      } catch (error) {
        if (!isSqliteBusy(error) || performance.now() >= giveUpAt) throw fromSqliteError(error, this.#shared.file);
      }
      await delay(Math.random() * Math.min(maxBusyPauseMs, 2 ** attempt));
    }
  }
}

function runQuery<Row>(prepared: PreparedStatement, query: CompiledQuery): QueryResult<Row> {
  const inputs = toInputs(query.parameters);
  if (prepared.returnsRows) return { rows: prepared.statement.all(...inputs) as Row[] };
  const { changes, lastInsertRowid } = prepared.statement.run(...inputs);
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}

export function toInputs(parameters: readonly unknown[]): SQLInputValue[] {
  const inputs = parameters as SQLInputValue[];
  return inputs.includes(undefined as never) ? inputs.map((value) => value ?? null) : inputs;
}

/** Prepared statements, least recently used first out. Preparing costs more than running a small statement. */
export function createStatementCache(database: DatabaseSync): (query: CompiledQuery) => PreparedStatement {
  const cache = new Map<string, PreparedStatement>();
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
