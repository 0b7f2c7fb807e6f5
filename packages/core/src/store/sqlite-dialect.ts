import {
  type CompiledQuery,
  type Dialect,
  DialectAdapterBase,
  type Driver,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { createQueueLock } from "./queue-lock.ts";
import { createStatementCache, SqliteConnection, type SqliteConnections, toInputs } from "./sqlite-connection.ts";
import { assertStorable } from "./text-check.ts";

const maxWaitingWrites = 1_000;

/**
 * Kysely's own SQLite dialect has one connection, plain BEGIN and blocks the process while another one writes. This one
 * reads beside writes, begins IMMEDIATE (a deferred transaction fails with BUSY_SNAPSHOT when it upgrades) and waits
 * for other processes without holding up the event loop.
 */
export function createSqliteDialect(connections: SqliteConnections): Dialect {
  return {
    createAdapter: () => new ConcurrentSqliteAdapter(),
    createDriver: () => createDriver(connections),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** What is committed, at once; `undefined` when it cannot be read at once. */
export type SqliteReader = <Row>(query: CompiledQuery<Row>) => Row[] | undefined;

export function createSqliteReader({ reader }: SqliteConnections): SqliteReader {
  const prepare = createStatementCache(reader);
  return <Row>(query: CompiledQuery<Row>) => {
    assertStorable(query.parameters);
    try {
      return prepare(query).statement.all(...toInputs(query.parameters)) as Row[];
    } catch {
      return undefined;
    }
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
  const { writer, reader, busyBudgetMs } = connections;
  const shared = {
    ...connections,
    lock: createQueueLock({ maxWaiting: maxWaitingWrites, maxWaitMs: busyBudgetMs }),
    prepareWrite: createStatementCache(writer),
    prepareRead: createStatementCache(reader),
  };
  return {
    init: async () => {},
    acquireConnection: async () => new SqliteConnection(shared),
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
