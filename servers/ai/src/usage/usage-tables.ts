import type { Kysely } from "kysely";
import type { MigrationSet } from "@sophia/core/store/store";

/** By what calls are counted apart: each combination that occurs is one row for each hour and each day. */
export const usageDimensions = [
  "caller",
  "service",
  "mode",
  "model",
  "category",
  "cache",
  "route",
  "operation",
  "origin",
] as const;
export type UsageDimension = (typeof usageDimensions)[number];

/** What is added up. Money is nano-USD, and the sums of a day stay far below 2^53 of them. */
export const usageCounts = [
  "calls",
  "errors",
  "partials",
  "cancelled",
  /** No price list had the model: these count as 0 USD. */
  "unpriced_calls",
  "input_tokens",
  "output_tokens",
  "cached_input_tokens",
  "cost_nano_usd",
  /** The part of the cost whose tokens we counted ourselves. */
  "estimated_nano_usd",
  "baseline_calls",
  /** What the calls that have a baseline would have cost there, and what they did cost. */
  "baseline_nano_usd",
  "baseline_cost_nano_usd",
] as const;
export type UsageCount = (typeof usageCounts)[number];

export type UsageCounts = Record<UsageCount, number>;

export interface UsageRow extends Record<UsageDimension, string>, UsageCounts {
  /** Hash of start and dimensions. */
  id: string;
  /** Beginning of the hour or day (UTC), wall-clock milliseconds. */
  start: number;
  /** Milliseconds of the calls that ended with an answer, as a QuantileSketch writes itself. */
  latency: string;
}

/** One row of `workloadDaily`: what other servers may read. Columns are added, never changed, within a version. */
export interface WorkloadDailyRow extends UsageRow {
  version: number;
  server: string;
  /** YYYY-MM-DD, UTC. */
  day: string;
}

export interface AiCallsTable {
  id: string;
  request_id: string;
  started_at: number;
  caller: string;
  service: string;
  model: string;
  outcome: string;
  cost_nano_usd: number;
  /** JSON of a CallRecord. */
  body: string;
}

export interface UsageTables {
  ai_calls: AiCallsTable;
  ai_usage_hourly: UsageRow;
  workload_daily: WorkloadDailyRow;
}

export const usageMigrations: MigrationSet = {
  owner: "ai-usage",
  migrations: { "0001-calls": { up: createTables } },
};

async function createTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("ai_calls")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("request_id", "text", (column) => column.notNull())
    .addColumn("started_at", "bigint", (column) => column.notNull())
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("service", "text", (column) => column.notNull())
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("outcome", "text", (column) => column.notNull())
    .addColumn("cost_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("ai_calls_by_time").on("ai_calls").column("started_at").execute();
  await createRollup(db, "ai_usage_hourly", []);
  await createRollup(db, "workload_daily", ["server", "day"]);
}

async function createRollup(db: Kysely<unknown>, name: string, more: readonly string[]): Promise<void> {
  let table = db.schema
    .createTable(name)
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("start", "bigint", (column) => column.notNull())
    .addColumn("latency", "text", (column) => column.notNull());
  if (more.length > 0) table = table.addColumn("version", "integer", (column) => column.notNull());
  for (const text of [...more, ...usageDimensions]) table = table.addColumn(text, "text", (column) => column.notNull());
  for (const count of usageCounts) table = table.addColumn(count, "bigint", (column) => column.notNull());
  await table.execute();
  await db.schema.createIndex(`${name}_by_start`).on(name).column("start").execute();
}
