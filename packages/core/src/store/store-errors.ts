import { AppError, type AppErrorOptions, type ErrorKind } from "../errors/app-error.ts";

/** Failures after which the whole transaction may be run again: nothing of it was kept. */
const repeatable = new WeakSet<AppError>();

export function isRepeatable(error: unknown): boolean {
  return error instanceof AppError && repeatable.has(error);
}

/** What the driver was doing: a connection lost while a write was on its way leaves the outcome unknown. */
export type Activity = "read" | "write" | "inTransaction" | "commit";

const sqliteErrors = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
} as const;

/** SQLite's primary result code (https://www.sqlite.org/rescode.html), or undefined when the error is not SQLite's. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

export function isSqliteBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === sqliteErrors.busy || code === sqliteErrors.locked;
}

/** A driver's error → AppError where we know what it means and what to do; anything else (constraints, SQL) unchanged. */
export function fromSqliteError(error: unknown, file: string): unknown {
  switch (sqliteCode(error)) {
    case sqliteErrors.busy:
    case sqliteErrors.locked:
      return transient("The store is busy: other processes are writing.", error);
    case sqliteErrors.full:
      return described("unavailable", "The disk that holds the store is full. Nothing was written.", error, {
        hint: `Free some space on the disk of ${file}; reading goes on, writing resumes by itself.`,
      });
    case sqliteErrors.readOnly:
      return described("unavailable", `The store ${file} cannot be written.`, error, {
        hint: "Make the file and its folder writable for the user that runs Sophia.",
        retryable: false,
      });
    case sqliteErrors.cantOpen:
      return described("unavailable", `The store ${file} cannot be opened.`, error, {
        hint: "Check that the data directory exists and that the user who runs Sophia may read and write it.",
        retryable: false,
      });
    case sqliteErrors.corrupt:
    case sqliteErrors.notADatabase:
      return damagedStore(file, "its content is not a valid database", error);
    case sqliteErrors.inputOutput:
      return described("unavailable", `Reading or writing the store ${file} failed.`, error, {
        hint: "The disk or file system reports errors; see the system log.",
      });
    default:
      return error;
  }
}

export function damagedStore(file: string, reason: string, cause?: unknown): AppError {
  return described("unavailable", `The store ${file} is damaged: ${reason}. It was left as it is.`, cause, {
    hint: "Restore it from a copy (folder backups beside it), or move it away to start with an empty store.",
    retryable: false,
  });
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function fromPostgresError(error: unknown, activity: Activity): unknown {
  if (!(error instanceof Error)) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "40001" || code === "40P01") return transient("Two writes met in the database.", error);
  if (code === "57014" || code === "55P03") {
    return described("timeout", "The database did not answer in time.", error, { hint: "Try again, or ask for less." });
  }
  if (code === "25006") {
    return described("unavailable", "The database accepts reads only at the moment.", error, {
      hint: "It may be a standby or in maintenance; writing resumes when it accepts writes again.",
    });
  }
  if (code === "53100") {
    return described("unavailable", "The database's disk is full. Nothing was written.", error, {
      hint: "Free some space on the database's disk.",
    });
  }
  if (code === "28P01" || code === "28000" || code === "3D000") {
    return described("not_configured", "The database refused the user, the password or the database name.", error, {
      hint: "Check SOPHIA_DATABASE_URL.",
    });
  }
  return isConnectionLoss(error, code) ? lostConnection(error, activity) : error;
}

const connectionCodes = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EHOSTUNREACH"]);
const connectionMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed)/;

/** pg gives no code to some of its own failures, so their texts are the only sign. */
export function isConnectionLoss(error: Error, code: string): boolean {
  return (
    code.startsWith("08") ||
    code.startsWith("57P0") ||
    code === "53300" ||
    connectionCodes.has(code) ||
    connectionMessages.test(error.message)
  );
}

function lostConnection(error: Error, activity: Activity): AppError {
  if (activity === "write" || activity === "commit") {
    return described("unavailable", "The database went away during a write; whether it was kept is unknown.", error, {
      hint: "Look at the current state before trying again.",
      retryable: false,
    });
  }
  return transient("The database cannot be reached.", error);
}

function transient(message: string, cause: unknown): AppError {
  const error = described("unavailable", message, cause, { hint: "Try again in a few seconds.", retryAfterMs: 2_000 });
  repeatable.add(error);
  return error;
}

function described(kind: ErrorKind, message: string, cause: unknown, options: AppErrorOptions): AppError {
  return new AppError(kind, message, cause === undefined ? options : { ...options, cause });
}
