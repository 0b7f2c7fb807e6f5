import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { AppError } from "../errors/app-error.ts";
import { isSqliteBusy } from "./store-errors.ts";
import { prepareDataDir } from "./sqlite-file.ts";

const LockHolder = z.object({ pid: z.number().int(), host: z.string(), since: z.string(), command: z.string() });

/** Of two that try at the same moment both would be told it is busy; one wins when they wait a little. */
const contentionMs = 200;

/** Who runs a server on a data directory. `since` is ISO 8601. */
export type LockHolder = z.infer<typeof LockHolder>;

export interface DataLock {
  release(): void;
}

/**
 * Makes this process the only one that runs the servers `ids` on the data directory: all of them or none. The system
 * drops the lock when the process ends, however it ends. Throws AppError `unavailable` that names the holder.
 */
export function takeDataLock(dataDir: string, ids: readonly string[], command: string): DataLock {
  prepareDataDir(dataDir);
  const taken: DatabaseSync[] = [];
  const release = (): void => {
    for (const database of taken.splice(0)) database.close();
  };
  try {
    mkdirSync(join(dataDir, "locks"), { recursive: true, mode: 0o700 });
    for (const id of ids) {
      const database = tryLock(dataDir, id);
      if (database === undefined) throw alreadyHeld(dataDir, id);
      taken.push(database);
      writeHolder(dataDir, id, command);
    }
  } catch (error) {
    release();
    throw toLockError(error, dataDir);
  }
  return { release };
}

/** Who runs the server on this data directory; `undefined` when nobody does. */
export function findLockHolder(dataDir: string, id: string): Partial<LockHolder> | undefined {
  try {
    const database = tryLock(dataDir, id);
    database?.close();
    return database === undefined ? readHolder(dataDir, id) : undefined;
  } catch {
    // No such folder yet: nobody ever ran here.
    return undefined;
  }
}

/** An open exclusive transaction is a lock that no crash can leave behind, on every system SQLite runs on. */
function tryLock(dataDir: string, id: string): DatabaseSync | undefined {
  const database = new DatabaseSync(join(dataDir, "locks", `${id}.db`), { timeout: contentionMs });
  try {
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    if (isSqliteBusy(error)) return undefined;
    throw error;
  }
}

/** Beside the lock, not in it: nobody else can read a file that is locked exclusively. */
function holderFile(dataDir: string, id: string): string {
  return join(dataDir, "locks", `${id}.json`);
}

function writeHolder(dataDir: string, id: string, command: string): void {
  const holder: LockHolder = { pid: process.pid, host: hostname(), since: new Date().toISOString(), command };
  const file = holderFile(dataDir, id);
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(holder), { mode: 0o600 });
  renameSync(`${file}.${process.pid}`, file);
}

function readHolder(dataDir: string, id: string): Partial<LockHolder> {
  try {
    return LockHolder.parse(JSON.parse(readFileSync(holderFile(dataDir, id), "utf8")));
  } catch {
    // The lock is younger than its note, or the note was lost.
    return {};
  }
}

function alreadyHeld(dataDir: string, id: string): AppError {
  const { pid, host, since, command } = readHolder(dataDir, id);
  const elsewhere = host === undefined || host === hostname() ? "" : ` on ${host}`;
  const who = pid === undefined ? "another process" : `process ${pid}${elsewhere} (${command}, since ${since})`;
  return new AppError("unavailable", `The ${id} server already runs on ${dataDir}: ${who} holds it.`, {
    hint: "Use that one, stop it first, or give this one its own folder with SOPHIA_DATA_DIR.",
  });
}

function toLockError(error: unknown, dataDir: string): unknown {
  if (error instanceof AppError) return error;
  return new AppError("not_configured", `The folder ${join(dataDir, "locks")} cannot be used for locks.`, {
    hint: "Make it writable for the user that runs Sophia, on a file system with locks (not every network share has them).",
    cause: error,
  });
}
