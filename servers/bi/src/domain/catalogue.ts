import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "@sophia/core/errors/app-error";
import type { Snapshot } from "./engine.ts";
import type { TableProfile } from "./table-profile.ts";

/** One table of the warehouse as it stands. */
export interface CatalogueTable extends TableProfile {
  name: string;
  /** File name in `tables/`. */
  file: string;
  /** Real path of the imported file, or `sample:<table>`. */
  source: string;
  sample: boolean;
  /** SHA-256 of the imported bytes and the way they were read. */
  fingerprint: string;
  sourceBytes: number;
  /** Modification time of the source, milliseconds with fraction, as `stat` gives it. */
  sourceModifiedAt: number;
  importedAt: number;
}

export type ImportState = "running" | "done" | "failed" | "interrupted";

export interface ImportOutcome {
  source: string;
  table?: string;
  result: "imported" | "unchanged" | "failed";
  rows?: number;
  rejectedRows?: number;
  reason?: string;
}

export interface ImportRun {
  id: string;
  folder: string;
  state: ImportState;
  startedAt: number;
  finishedAt: number | null;
  filesTotal: number;
  outcomes: ImportOutcome[];
}

export type RunPosition = Pick<ImportRun, "startedAt" | "id">;

/**
 * What the warehouse holds. It lies beside the table files and not in the operational store: it describes files of
 * this machine, and a shared store would name files that other machines do not have.
 */
export interface Catalogue {
  snapshot(): Snapshot;
  generation(): number;
  tables(): CatalogueTable[];
  /** The name the source's table has or will have; the same source keeps its name. */
  reserveName(source: string, wanted: string): string;
  /** Durable when it returns. The old file of the table is only forgotten, not deleted: running queries may read it. */
  commit(tables: readonly CatalogueTable[]): void;
  saveRun(run: ImportRun): void;
  /** Newest first, those after the given one. */
  runs(limit: number, after?: RunPosition): ImportRun[];
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO meta VALUES ('generation', 0);
  CREATE TABLE IF NOT EXISTS names (source TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS tables (name TEXT PRIMARY KEY, file TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, started_at INTEGER NOT NULL, process_id INTEGER NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL) STRICT;
`;
const keptRuns = 200;

export function openCatalogue(directory: string, maxTables: number): Catalogue {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(directory, "catalogue.db"), { timeout: 5_000 });
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  database.exec(schema);
  const readGeneration = database.prepare("SELECT value FROM meta WHERE key = 'generation'");
  const readTables = database.prepare("SELECT body FROM tables ORDER BY name");
  interruptDeadRuns(database);
  let cached: { generation: number; tables: CatalogueTable[]; snapshot: Snapshot } | undefined;

  function current(): NonNullable<typeof cached> {
    const generation = Number(readGeneration.get()?.["value"]);
    if (cached?.generation === generation) return cached;
    // Read with the generation in one transaction: another process may commit in between.
    cached = inTransaction(database, "DEFERRED", () => {
      const tables = readTables.all().map((row) => JSON.parse(String(row["body"])) as CatalogueTable);
      const now = Number(readGeneration.get()?.["value"]);
      return { generation: now, tables, snapshot: toSnapshot(now, tables) };
    });
    return cached;
  }

  return {
    snapshot: () => current().snapshot,
    generation: () => current().generation,
    tables: () => current().tables,
    reserveName: (source, wanted) => inTransaction(database, "IMMEDIATE", () => reserveName(database, source, wanted)),
    commit: (tables) => inTransaction(database, "IMMEDIATE", () => commitTables(database, tables, maxTables)),
    saveRun: (run) => inTransaction(database, "IMMEDIATE", () => saveRun(database, run)),
    runs: (limit, after = { startedAt: Number.MAX_SAFE_INTEGER, id: "" }) =>
      database
        .prepare("SELECT body FROM runs WHERE (-started_at, id) > (?, ?) ORDER BY started_at DESC, id LIMIT ?")
        .all(-after.startedAt, after.id, limit)
        .map((row) => JSON.parse(String(row["body"])) as ImportRun),
    close: () => database.close(),
  };
}

function toSnapshot(generation: number, tables: readonly CatalogueTable[]): Snapshot {
  return {
    generation,
    tables: tables.map(({ name, file, columns }) => ({ name, file, columns: columns.map((column) => column.name) })),
  };
}

function inTransaction<Result>(database: DatabaseSync, kind: "IMMEDIATE" | "DEFERRED", work: () => Result): Result {
  database.exec(`BEGIN ${kind}`);
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

function reserveName(database: DatabaseSync, source: string, wanted: string): string {
  const existing = database.prepare("SELECT name FROM names WHERE source = ?").get(source);
  if (existing) return String(existing["name"]);
  const taken = database.prepare("SELECT 1 FROM names WHERE name = ?");
  let name = wanted;
  for (let number = 2; taken.get(name) !== undefined; number++) name = `${wanted}_${number}`;
  database.prepare("INSERT INTO names (source, name) VALUES (?, ?)").run(source, name);
  return name;
}

function commitTables(database: DatabaseSync, tables: readonly CatalogueTable[], maxTables: number): void {
  const put = database.prepare(
    "INSERT INTO tables (name, file, body) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET file = excluded.file, body = excluded.body",
  );
  for (const table of tables) put.run(table.name, table.file, JSON.stringify(table));
  const count = Number(database.prepare("SELECT count(*) AS count FROM tables").get()?.["count"]);
  if (count > maxTables) {
    throw new AppError("invalid_input", `The warehouse may hold ${maxTables} tables.`, {
      hint: "Import fewer files, or raise SOPHIA_BI_MAX_TABLES.",
    });
  }
  database.exec("UPDATE meta SET value = value + 1 WHERE key = 'generation'");
}

function saveRun(database: DatabaseSync, run: ImportRun): void {
  database
    .prepare(
      "INSERT INTO runs (id, started_at, process_id, state, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body",
    )
    .run(run.id, run.startedAt, process.pid, run.state, JSON.stringify(run));
  database
    .prepare("DELETE FROM runs WHERE id NOT IN (SELECT id FROM runs ORDER BY started_at DESC LIMIT ?)")
    .run(keptRuns);
}

/** A run whose process is gone will not finish. Its committed files stand; the rest was never acknowledged. */
function interruptDeadRuns(database: DatabaseSync): void {
  inTransaction(database, "IMMEDIATE", () => {
    for (const row of database.prepare("SELECT body, process_id FROM runs WHERE state = 'running'").all()) {
      const run = JSON.parse(String(row["body"])) as ImportRun;
      const processId = Number(row["process_id"]);
      if (processId !== process.pid && isProcessAlive(processId)) continue;
      const state = "interrupted";
      database
        .prepare("UPDATE runs SET state = ?, body = ? WHERE id = ?")
        .run(state, JSON.stringify({ ...run, state }), run.id);
    }
  });
}

export function isProcessAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
