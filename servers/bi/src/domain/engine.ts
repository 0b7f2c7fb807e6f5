import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance, type DuckDBPreparedStatement, StatementType } from "@duckdb/node-api";
import { AppError } from "@sophia/core/errors/app-error";
import { type Cell, toCell } from "./cell-values.ts";
import { type ColumnsByTable, translateEngineError } from "./sql-errors.ts";
import { guardSql, type SqlParser } from "./sql-guard.ts";
import { identifier, literal } from "./sql-text.ts";
import type { KnownNames } from "./sql-tree.ts";

/** One state of the warehouse: which file holds which table. Files never change once they are named here. */
export interface Snapshot {
  generation: number;
  tables: readonly SnapshotTable[];
}

export interface SnapshotTable {
  name: string;
  /** File name in `<directory>/tables`, with the table `main.data` in it. */
  file: string;
  columns: readonly string[];
}

export interface EngineOptions {
  /** The warehouse's directory. */
  directory: string;
  /** A directory of this process alone, for spilling and for the views. */
  scratch: string;
  memoryMb: number;
  threads: number;
  spillMb: number;
}

export interface QueryLimits {
  maxRows: number;
  maxBytes: number;
}

export interface QueryAnswer {
  columns: { name: string; type: string }[];
  rows: Cell[][];
  /** What ended the answer before its end, if anything. */
  cutBy: "rows" | "bytes" | null;
  relations: string[];
  elapsedMs: number;
}

/** A DuckDB instance on which queries can only read the tables of one snapshot. */
export interface Engine {
  readonly generation: number;
  query(sql: string, limits: QueryLimits, signal: AbortSignal): Promise<QueryAnswer>;
  /** A bare connection without the guard. Tests use it to show that the engine holds by itself. */
  connect(): Promise<DuckDBConnection>;
  close(): Promise<void>;
}

/** https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview */
const closedDoors = {
  allow_community_extensions: "false",
  allow_persistent_secrets: "false",
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
  errors_as_json: "true",
} as const;

/**
 * Opens the snapshot read-only and locks the door behind it.
 *
 * Order matters: attaching needs files, so external access goes off last, and then no setting can be changed again.
 * The main database is a file of views, opened read-only too, so that not even a CREATE TABLE has a place to go.
 */
export async function openEngine(snapshot: Snapshot, options: EngineOptions): Promise<Engine> {
  const home = join(options.scratch, `views-${snapshot.generation}-${process.hrtime.bigint()}`);
  await mkdir(home, { recursive: true });
  const viewFile = join(home, "warehouse.duckdb");
  await writeViews(snapshot, options, viewFile);
  const instance = await DuckDBInstance.create(viewFile, {
    ...closedDoors,
    access_mode: "READ_ONLY",
    max_temp_directory_size: `${options.spillMb}MB`,
    memory_limit: `${options.memoryMb}MB`,
    temp_directory: join(options.scratch, "spill"),
    threads: String(options.threads),
  });
  const setUp = await instance.connect();
  for (const table of snapshot.tables)
    await setUp.run(`ATTACH ${literal(join(options.directory, "tables", table.file))} AS ${alias(table)} (READ_ONLY)`);
  const functions = await readFunctionNames(setUp);
  await setUp.run("SET GLOBAL TimeZone = 'UTC'");
  await setUp.run("SET enable_external_access = false");
  await setUp.run("SET lock_configuration = true");
  setUp.closeSync();
  const known: KnownNames = {
    functions,
    relations: new Map(snapshot.tables.map((table) => [table.name.toLowerCase(), table.name])),
  };
  const columns: ColumnsByTable = new Map(snapshot.tables.map((table) => [table.name, table.columns]));
  return {
    generation: snapshot.generation,
    query: async (sql, limits, signal) => await runQuery(instance, { sql, known, columns, limits, signal }),
    connect: async () => await instance.connect(),
    async close() {
      instance.closeSync();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function writeViews(snapshot: Snapshot, options: EngineOptions, viewFile: string): Promise<void> {
  const builder = await DuckDBInstance.create(":memory:", { ...closedDoors, threads: "1" });
  try {
    const connection = await builder.connect();
    await connection.run(`ATTACH ${literal(viewFile)} AS warehouse`);
    for (const table of snapshot.tables) {
      await connection.run(
        `ATTACH ${literal(join(options.directory, "tables", table.file))} AS ${alias(table)} (READ_ONLY)`,
      );
      await connection.run(
        `CREATE VIEW warehouse.main.${identifier(table.name)} AS SELECT * FROM ${alias(table)}.main.data`,
      );
    }
    await connection.run("DETACH warehouse");
    connection.closeSync();
  } catch (cause) {
    throw new AppError("unavailable", "A table of the warehouse could not be opened.", { hint: "Try again.", cause });
  } finally {
    builder.closeSync();
  }
}

async function readFunctionNames(connection: DuckDBConnection): Promise<Set<string>> {
  const reader = await connection.runAndReadAll(
    "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'macro')",
  );
  return new Set(reader.getRows().map(([name]) => String(name)));
}

interface Run {
  sql: string;
  known: KnownNames;
  columns: ColumnsByTable;
  limits: QueryLimits;
  signal: AbortSignal;
}

async function runQuery(instance: DuckDBInstance, run: Run): Promise<QueryAnswer> {
  const startedAt = performance.now();
  // A connection of its own: temporary tables, variables and transactions end with the query.
  const connection = await instance.connect();
  const onAbort = (): void => connection.interrupt();
  run.signal.addEventListener("abort", onAbort, { once: true });
  let relations: string[] = [];
  try {
    const guarded = await guardSql(run.sql, createParser(connection), run.known);
    relations = guarded.relations;
    run.signal.throwIfAborted();
    const statement = await connection.prepare(guarded.sql);
    checkPrepared(statement, guarded.kind);
    const answer = await readRows(connection, statement, run.limits, run.signal);
    return { ...answer, relations, elapsedMs: Math.round(performance.now() - startedAt) };
  } catch (thrown) {
    throw translateEngineError(thrown, new Map([...run.columns].filter(([table]) => relations.includes(table))));
  } finally {
    run.signal.removeEventListener("abort", onAbort);
    connection.closeSync();
  }
}

/** The engine's own view of the statement must agree with the tree's. */
function checkPrepared(statement: DuckDBPreparedStatement, kind: "select" | "explain"): void {
  const expected = kind === "select" ? StatementType.SELECT : StatementType.EXPLAIN;
  if (statement.statementType !== expected) throw new AppError("denied", "Only reading is allowed.");
}

async function readRows(
  connection: DuckDBConnection,
  statement: DuckDBPreparedStatement,
  limits: QueryLimits,
  signal: AbortSignal,
): Promise<Pick<QueryAnswer, "columns" | "rows" | "cutBy">> {
  const result = await statement.stream();
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, index) => ({ name, type: String(types[index]) }));
  const rows: Cell[][] = [];
  let bytes = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return { columns, rows, cutBy: null };
    signal.throwIfAborted();
    for (let index = 0; index < chunk.rowCount; index++) {
      if (rows.length >= limits.maxRows || bytes >= limits.maxBytes) {
        connection.interrupt();
        return { columns, rows, cutBy: rows.length >= limits.maxRows ? "rows" : "bytes" };
      }
      const row = chunk.getRowValues(index).map((value, column) => toCell(value, types[column]!));
      bytes += row.reduce((sum: number, cell) => sum + (typeof cell === "string" ? cell.length + 2 : 8), 0);
      rows.push(row);
    }
  }
}

/** The engine's parser on one connection. `json_serialize_sql` takes a literal only, so the text is quoted by us. */
export function createParser(connection: DuckDBConnection): SqlParser {
  return {
    async serialize(sql) {
      const reader = await connection.runAndReadAll(
        `SELECT json_serialize_sql(${literal(sql)}, skip_null := true, skip_empty := true)`,
      );
      return String(reader.getRows()[0]?.[0]);
    },
  };
}

/** By the table's name and not the file's: EXPLAIN shows it. */
function alias(table: SnapshotTable): string {
  return identifier(`t_${table.name}`);
}
