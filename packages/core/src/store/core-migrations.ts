import type { Kysely } from "kysely";
import { createLedgerLeases } from "../ledger/lease-migration.ts";
import { createRotationTables } from "../secrets/rotation/rotation-migration.ts";
import { addAlertStates } from "./alert-states.ts";
import type { MigrationSet } from "./migrate.ts";

/** Core's own tables. Every store has them. A migration that has shipped is never edited; add the next number. */
export const coreMigrations: MigrationSet = {
  owner: "core",
  migrations: {
    "0001-approval": { up: createApprovalTables },
    "0002-ledger": { up: createLedgerTables },
    "0003-jobs": { up: createJobTables },
    "0004-alert-events": { up: createAlertEvents },
    "0005-result-bytes": { up: addResultBytes },
    "0006-rotations": { up: createRotationTables },
    "0007-ledger-leases": { up: createLedgerLeases },
    "0008-alert-states": { up: addAlertStates },
  },
};

async function createApprovalTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("tokens")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("server", "text", (column) => column.notNull())
    .addColumn("scopes", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull().unique())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint")
    .addColumn("revoked_at", "bigint")
    .addColumn("last_used_at", "bigint")
    .execute();
  await db.schema
    .createTable("plans")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("server", "text", (column) => column.notNull())
    .addColumn("tool", "text", (column) => column.notNull())
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("arguments", "text", (column) => column.notNull())
    .addColumn("arguments_hash", "text", (column) => column.notNull())
    .addColumn("plan", "text", (column) => column.notNull())
    .addColumn("plan_hash", "text", (column) => column.notNull())
    .addColumn("state_version", "text", (column) => column.notNull())
    .addColumn("risk", "text", (column) => column.notNull())
    .addColumn("cost_per_hour_usd", "double precision", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("approved_by", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("decided_at", "bigint")
    .addColumn("finished_at", "bigint")
    .addColumn("outcome", "text")
    .execute();
  await db.schema.createIndex("plans_by_state").on("plans").columns(["state", "created_at"]).execute();
  await db.schema
    .createTable("results")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("server", "text", (column) => column.notNull())
    .addColumn("tool", "text", (column) => column.notNull())
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("results_by_expiry").on("results").column("expires_at").execute();
}

async function createLedgerTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("ledger_entries")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("reservation_id", "text")
    .addColumn("request_id", "text", (column) => column.notNull())
    .addColumn("server", "text", (column) => column.notNull())
    .addColumn("service", "text", (column) => column.notNull())
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("unit", "text", (column) => column.notNull())
    .addColumn("quantity", "double precision", (column) => column.notNull())
    .addColumn("cost_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("price_as_of", "text")
    .addColumn("day", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("ledger_entries_by_time").on("ledger_entries").column("created_at").execute();
  await db.schema
    .createTable("ledger_reservations")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("request_id", "text", (column) => column.notNull())
    .addColumn("server", "text", (column) => column.notNull())
    .addColumn("service", "text", (column) => column.notNull())
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("unit", "text", (column) => column.notNull())
    .addColumn("quantity", "double precision", (column) => column.notNull())
    .addColumn("cost_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("charges", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("ledger_reservations_by_state")
    .on("ledger_reservations")
    .columns(["state", "expires_at"])
    .execute();
  await db.schema
    .createTable("ledger_buckets")
    .addColumn("budget_key", "text", (column) => column.notNull())
    .addColumn("window_ms", "bigint", (column) => column.notNull())
    .addColumn("bucket_start", "bigint", (column) => column.notNull())
    .addColumn("cost_nano_usd", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("ledger_buckets_key", ["budget_key", "window_ms", "bucket_start"])
    .execute();
}

async function createJobTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("jobs")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("idempotency_key", "text", (column) => column.notNull())
    .addColumn("input", "text", (column) => column.notNull())
    .addColumn("input_hash", "text", (column) => column.notNull())
    .addColumn("caller", "text")
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("attempt", "integer", (column) => column.notNull())
    .addColumn("run_at", "bigint", (column) => column.notNull())
    .addColumn("lease_owner", "text")
    .addColumn("lease_beat", "bigint", (column) => column.notNull())
    .addColumn("fencing_token", "bigint", (column) => column.notNull())
    .addColumn("abort_requested", "integer", (column) => column.notNull())
    .addColumn("progress", "text")
    .addColumn("result", "text")
    .addColumn("error", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .addColumn("finished_at", "bigint")
    .addUniqueConstraint("jobs_by_idempotency_key", ["kind", "idempotency_key"])
    .execute();
  await db.schema.createIndex("jobs_by_state").on("jobs").columns(["state", "created_at"]).execute();
  await db.schema
    .createTable("job_steps")
    .addColumn("job_id", "text", (column) => column.notNull().references("jobs.id").onDelete("cascade"))
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("fencing_token", "bigint", (column) => column.notNull())
    .addColumn("result", "text")
    .addColumn("started_at", "bigint", (column) => column.notNull())
    .addColumn("finished_at", "bigint")
    .addPrimaryKeyConstraint("job_steps_key", ["job_id", "name"])
    .execute();
  await db.schema
    .createTable("schedules")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("cron", "text", (column) => column.notNull())
    .addColumn("timezone", "text")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("input", "text", (column) => column.notNull())
    .addColumn("next_run_at", "bigint", (column) => column.notNull())
    .addColumn("last_run_at", "bigint")
    .addColumn("last_job_id", "text")
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .execute();
}

async function createAlertEvents(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("alert_events")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("key", "text", (column) => column.notNull().unique())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("server", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("severity", "text", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("alert_events_by_time").on("alert_events").column("at").execute();
}

/** The index alone answers how much a caller has on the shelf. */
async function addResultBytes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable("results")
    .addColumn("bytes", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema.createIndex("results_by_caller").on("results").columns(["caller", "created_at", "bytes"]).execute();
}
