import type { MigrationSet } from "@sophia/core/store/store";
import type { Kysely } from "kysely";

/** Tables of duplicates. A migration that has shipped is never edited; add the next number. */
export const filingMigrations: MigrationSet = {
  owner: "data-filing",
  migrations: { "0001-duplicates": { up: createTables } },
};

async function createTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("data_document_keys")
    .addColumn("document_id", "text", (column) =>
      column.primaryKey().references("data_documents.id").onDelete("cascade"),
    )
    .addColumn("canonical_key", "text")
    .addColumn("vendor_key", "text")
    .addColumn("text_hash", "text")
    .execute();
  for (const column of ["canonical_key", "vendor_key", "text_hash"]) {
    await db.schema.createIndex(`data_document_keys_${column}`).on("data_document_keys").column(column).execute();
  }
  await db.schema
    .createTable("data_document_bands")
    .addColumn("band", "bigint", (column) => column.notNull())
    .addColumn("document_id", "text", (column) => column.notNull().references("data_documents.id").onDelete("cascade"))
    .addPrimaryKeyConstraint("data_document_bands_key", ["band", "document_id"])
    .execute();
  await db.schema.createIndex("data_document_bands_document").on("data_document_bands").column("document_id").execute();
  await db.schema
    .createTable("data_duplicate_edges")
    .addColumn("document_a", "text", (column) => column.notNull().references("data_documents.id").onDelete("cascade"))
    .addColumn("document_b", "text", (column) => column.notNull().references("data_documents.id").onDelete("cascade"))
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("score", "double precision", (column) => column.notNull())
    .addColumn("decided_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("data_duplicate_edges_key", ["document_a", "document_b"])
    .execute();
  await db.schema.createIndex("data_duplicate_edges_b").on("data_duplicate_edges").column("document_b").execute();
  await db.schema
    .createTable("data_kept_apart")
    .addColumn("document_a", "text", (column) => column.notNull().references("data_documents.id").onDelete("cascade"))
    .addColumn("document_b", "text", (column) => column.notNull().references("data_documents.id").onDelete("cascade"))
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("decided_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("data_kept_apart_key", ["document_a", "document_b"])
    .execute();
  await db.schema
    .createTable("data_document_groups")
    .addColumn("document_id", "text", (column) =>
      column.primaryKey().references("data_documents.id").onDelete("cascade"),
    )
    .addColumn("group_id", "text", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("data_document_groups_group").on("data_document_groups").column("group_id").execute();
}
