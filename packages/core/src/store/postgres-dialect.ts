import { type Dialect, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import { Pool, type PoolClient, types } from "pg";
import type { Logger } from "pino";
import type { Secret } from "../config/secret.ts";
import type { SecretUse } from "../config/secret-use.ts";
import { AppError } from "../errors/app-error.ts";
import { FollowingPool } from "./following-pool.ts";
import { type Activity, fromPostgresError, isConnectionLoss } from "./store-errors.ts";
import { assertStorable } from "./text-check.ts";

export interface PostgresLimits {
  maxConnections: number;
  connectTimeoutMs: number;
  /** The server stops a statement after this time. */
  statementTimeoutMs: number;
  /** The client gives up on a server that says nothing. */
  queryTimeoutMs: number;
}

export interface PostgresDialectOptions {
  /** Its value may be replaced: connections that are opened after that use the new one. */
  url: Secret;
  limits: PostgresLimits;
  log: Logger;
  onUse?: SecretUse | undefined;
}

const maxWaiting = 1_000;
const idleInTransactionMs = 30_000;
const bigintType = 20;
const numericType = 1700;

/** pg's defaults wait for ever; every wait here ends. Statements go through the extended protocol, so none can be stacked. */
export function createPostgresDialect(options: PostgresDialectOptions): Dialect {
  const { url, limits, log, onUse } = options;
  const pool = new FollowingPool({ url, log, onUse, open: (text) => openPool(text, limits, log) });
  return new PostgresDialect({ pool: createGuardedPool(pool, onUse) });
}

function openPool(url: string, limits: PostgresLimits, log: Logger): Pool {
  const pool = new Pool({
    connectionString: url,
    max: limits.maxConnections,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    query_timeout: limits.queryTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    lock_timeout: limits.statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    keepAlive: true,
    application_name: "sophia",
    types: { getTypeParser: getNumberParser },
  });
  // Without a listener a dropped idle connection ends the process.
  pool.on("error", (error) =>
    log.warn({ code: codeOf(error) }, "An idle database connection was lost; the pool replaces it."),
  );
  return pool;
}

/** bigint and numeric as numbers, like SQLite; a bigint beyond 2^53 is an error, never a rounded number. */
function getNumberParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (format !== "binary" && oid === bigintType) return parseBigint;
  if (format !== "binary" && oid === numericType) return Number;
  return types.getTypeParser(oid, format) as (value: string) => unknown;
}

function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint out of the safe range: ${text}`);
  return value;
}

function createGuardedPool(pool: FollowingPool, onUse: SecretUse | undefined): PostgresPool {
  const guarded = new WeakMap<PoolClient, PostgresPoolClient>();
  return {
    options: {},
    end: () => pool.end(),
    async connect() {
      if (pool.waitingCount >= maxWaiting) {
        throw new AppError("unavailable", "The store has more requests waiting than it can take.", {
          retryAfterMs: 2_000,
        });
      }
      const { client, used } = await connectOnce(pool);
      let known = guarded.get(client);
      if (!known) {
        known = createGuardedClient(client, (accepted) => onUse?.(used, accepted));
        guarded.set(client, known);
      }
      return known;
    },
  };
}

async function connectOnce(pool: FollowingPool): Promise<{ client: PoolClient; used: Secret }> {
  try {
    return await pool.connect();
  } catch (error) {
    throw fromPostgresError(error, "read");
  }
}

function createGuardedClient(client: PoolClient, onUse: (accepted: boolean) => void): PostgresPoolClient {
  let broken = false;
  let inTransaction = false;
  // The pool listens to idle clients only: one that dies between two statements of a transaction would end the process.
  client.on("error", () => {
    broken = true;
  });

  async function query(sql: string, parameters: readonly unknown[]): Promise<unknown> {
    assertStorable(parameters);
    const activity = activityOf(sql, inTransaction);
    try {
      // The types do not know queryMode; without it a query with no parameters goes out as a script.
      const config = { text: sql, values: [...parameters], queryMode: "extended" };
      const result = await client.query(config);
      if (/^(begin|start transaction)/i.test(sql)) inTransaction = true;
      if (/^(commit|rollback)\b(?! to)/i.test(sql)) inTransaction = false;
      onUse(true);
      return result;
    } catch (error) {
      onUse(!(error instanceof Error && isForbidden(codeOf(error))));
      broken ||= error instanceof Error && isConnectionLoss(error, codeOf(error));
      // The server ends the transaction with the connection; an error here would hide the one that led to it.
      if (sql === "rollback" && broken) return { command: "ROLLBACK", rowCount: 0, rows: [] };
      throw fromPostgresError(error, activity);
    }
  }

  return {
    ...(processIdOf(client) === undefined ? {} : { processID: processIdOf(client) as number }),
    query: query as PostgresPoolClient["query"],
    release(destroy) {
      // A client that gave up on an answer may still receive it, so it is never used again.
      client.release(broken || inTransaction || destroy === true);
    },
  };
}

function processIdOf(client: PoolClient): number | undefined {
  return "processID" in client && typeof client.processID === "number" ? client.processID : undefined;
}

function activityOf(sql: string, inTransaction: boolean): Activity {
  if (sql === "commit") return "commit";
  if (inTransaction) return "inTransaction";
  return /^(select|begin|start transaction|rollback)\b/i.test(sql) ? "read" : "write";
}

/** The user may not do this, or may not be here: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function isForbidden(code: string): boolean {
  return code === "42501" || code.startsWith("28");
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
