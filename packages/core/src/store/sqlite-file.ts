import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeFolder } from "../config/make-folder.ts";
import { toFileError } from "../config/start-errors.ts";
import { AppError } from "../errors/app-error.ts";
import { damagedStore, fromSqliteError, isSqliteBusy } from "./store-errors.ts";
import type { SqliteConnections } from "./sqlite-connection.ts";

/** How long one statement may block the process while another one writes; longer waits are asynchronous. */
const busyTimeoutMs = 25;
const openBudgetMs = 10_000;
const pageCacheKib = 8 * 1024;
/** Of 4 KiB each. */
const pagesUntilCheckpoint = 4_000;
const maxCheckedBytes = 32 * 1024 * 1024;
const keptBackups = 5;

/** Creates the data directory if needed and says in one message what to do when it cannot be used. */
export function prepareDataDir(dataDir: string): void {
  try {
    makeFolder(dataDir);
    // Asking for permission bits misses read-only mounts and other users' rights; trying does not.
    const probe = join(dataDir, ".write-probe");
    writeFileSync(probe, "");
    rmSync(probe, { force: true });
  } catch (error) {
    const known = toFileError(error, `The data directory ${dataDir}`);
    if (known instanceof AppError) throw known;
    throw new AppError("not_configured", `The data directory ${dataDir} cannot be used.`, {
      hint: "Make it writable for the user that runs Sophia, or set SOPHIA_DATA_DIR to a folder that is.",
      cause: error,
    });
  }
}

/** Opens <dataDir>/sophia.db for writing and, apart, for reading; refuses a damaged file and never replaces it. */
export function openSqliteFile(dataDir: string, busyBudgetMs: number): SqliteConnections {
  prepareDataDir(dataDir);
  const file = join(dataDir, "sophia.db");
  const size = existsSync(file) ? statSync(file).size : undefined;
  if (size === 0 && existsSync(markerOf(dataDir))) throw damagedStore(file, "it held data and is empty now");
  const opened: DatabaseSync[] = [];
  try {
    const writer = openConnection(file, opened);
    if (size !== undefined && size > 0 && size <= maxCheckedBytes) checkPages(writer, file);
    chmodSync(file, 0o600);
    // Hashes as keys touch pages all over an index: the fewer of them are read and copied anew, the shorter a commit.
    writer.exec(`PRAGMA cache_size = -${pageCacheKib}; PRAGMA wal_autocheckpoint = ${pagesUntilCheckpoint};`);
    const reader = openConnection(file, opened);
    reader.exec("PRAGMA query_only = ON");
    return { file, writer, reader, busyBudgetMs };
  } catch (error) {
    for (const database of opened) database.close();
    throw fromSqliteError(error, file);
  }
}

function openConnection(file: string, opened: DatabaseSync[]): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  opened.push(database);
  // Switching to WAL needs the file alone for a moment, and SQLite's busy handler does not cover it.
  waitWhileBusy(() => database.exec("PRAGMA journal_mode = WAL"));
  database.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;");
  return database;
}

/** Blocking is right here: it runs before the server serves anyone. */
function waitWhileBusy(work: () => void): void {
  const giveUpAt = performance.now() + openBudgetMs;
  for (;;) {
    try {
      work();
      return;
    } catch (error) {
      if (!isSqliteBusy(error) || performance.now() >= giveUpAt) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 + Math.random() * 20);
    }
  }
}

function checkPages(database: DatabaseSync, file: string): void {
  waitWhileBusy(() => {
    const row = database.prepare("PRAGMA quick_check(1)").get();
    const verdict = String(row?.["quick_check"]);
    if (verdict !== "ok") throw damagedStore(file, "its pages contradict each other", new Error(verdict));
  });
}

function markerOf(dataDir: string): string {
  return join(dataDir, "sophia.db.created");
}

/** Remembers that the store has held data, so that an emptied file is told from a new one. */
export function markCreated(dataDir: string): void {
  if (!existsSync(markerOf(dataDir))) writeFileSync(markerOf(dataDir), "This folder holds a store.\n", { mode: 0o600 });
}

/** Copies the store to <dataDir>/backups and keeps the newest five copies. Safe while others read and write. */
export function backUpSqliteFile(dataDir: string): string {
  const folder = join(dataDir, "backups");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const copy = join(folder, `sophia-${new Date().toISOString().replaceAll(":", "-")}.db`);
  const database = new DatabaseSync(join(dataDir, "sophia.db"), { timeout: openBudgetMs });
  try {
    database.prepare("VACUUM INTO ?").run(copy);
    chmodSync(copy, 0o600);
  } catch (error) {
    throw fromSqliteError(error, copy);
  } finally {
    database.close();
  }
  const copies = readdirSync(folder)
    .filter((name) => /^sophia-.*\.db$/.test(name))
    .toSorted();
  for (const old of copies.slice(0, -keptBackups)) rmSync(join(folder, old));
  return copy;
}
