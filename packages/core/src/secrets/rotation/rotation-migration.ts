import type { Kysely } from "kysely";

export async function createRotationTables(db: Kysely<unknown>): Promise<void> {
  await createRotationsTable(db);
  await createConsumerTables(db);
  await db.schema
    .createTable("rotation_tasks")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("rotation_id", "text", (column) => column.notNull().unique())
    .addColumn("service", "text", (column) => column.notNull())
    .addColumn("variable", "text", (column) => column.notNull())
    .addColumn("environment", "text", (column) => column.notNull())
    .addColumn("path", "text", (column) => column.notNull())
    .addColumn("page_url", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("instruction", "text", (column) => column.notNull())
    .addColumn("due_at", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
}

async function createRotationsTable(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("rotations")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("environment", "text", (column) => column.notNull())
    .addColumn("path", "text", (column) => column.notNull())
    .addColumn("service", "text", (column) => column.notNull())
    .addColumn("variable", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("step", "text", (column) => column.notNull())
    .addColumn("served", "text", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("trigger", "text", (column) => column.notNull())
    .addColumn("active_key", "text", (column) => column.unique())
    .addColumn("runs", "integer", (column) => column.notNull())
    .addColumn("run_at", "bigint", (column) => column.notNull())
    .addColumn("cancel_requested", "integer", (column) => column.notNull())
    .addColumn("pre_revision", "integer")
    .addColumn("post_revision", "integer")
    .addColumn("old_fingerprint", "text")
    .addColumn("new_fingerprint", "text")
    .addColumn("sealed_old", "text")
    .addColumn("sealed_new", "text")
    .addColumn("backup_id", "text")
    .addColumn("observed_ms", "bigint", (column) => column.notNull())
    .addColumn("warnings", "text", (column) => column.notNull())
    .addColumn("error", "text")
    .addColumn("next_step", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .addColumn("promoted_at", "bigint")
    .addColumn("finished_at", "bigint")
    .execute();
  await db.schema
    .createIndex("rotations_by_place")
    .on("rotations")
    .columns(["environment", "path", "created_at"])
    .execute();
}

async function createConsumerTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("secret_consumers")
    .addColumn("process", "text", (column) => column.notNull())
    .addColumn("environment", "text", (column) => column.notNull())
    .addColumn("path", "text", (column) => column.notNull())
    .addColumn("fingerprint", "text", (column) => column.notNull())
    .addColumn("beat", "bigint", (column) => column.notNull())
    .addColumn("seen_at", "bigint", (column) => column.notNull())
    .addColumn("calls", "bigint", (column) => column.notNull())
    .addColumn("failures", "bigint", (column) => column.notNull())
    .addColumn("answers_checks", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("secret_consumers_key", ["environment", "path", "process", "fingerprint"])
    .execute();
  await db.schema
    .createTable("secret_checks")
    .addColumn("rotation_id", "text", (column) => column.primaryKey())
    .addColumn("environment", "text", (column) => column.notNull())
    .addColumn("path", "text", (column) => column.notNull())
    .addColumn("sealed", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("secret_check_answers")
    .addColumn("rotation_id", "text", (column) => column.notNull())
    .addColumn("process", "text", (column) => column.notNull())
    .addColumn("outcome", "text", (column) => column.notNull())
    .addColumn("detail", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("secret_check_answers_key", ["rotation_id", "process"])
    .execute();
}
