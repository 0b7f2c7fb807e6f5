import type { MigrationSet } from "@sophia/core/store/store";
import type { Kysely } from "kysely";

/** Tables of collections and their budgets. A migration that has shipped is never edited; add the next number. */
export const collectionMigrations: MigrationSet = {
  owner: "data-collections",
  migrations: {
    "0001-collections": {
      async up(db) {
        await createTables(db);
        await createDocumentTables(db);
      },
    },
    "0002-task-modes": {
      async up(db) {
        await db.schema.alterTable("data_collection_tasks").addColumn("mode", "text").execute();
      },
    },
  },
};

async function createTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("data_collections")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("name", "text")
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("budget_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("estimate_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("deadline_at", "bigint", (column) => column.notNull())
    .addColumn("job_id", "text")
    .addColumn("run", "integer", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("finished_at", "bigint")
    .execute();
  await db.schema
    .createTable("data_collection_tasks")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("collection_id", "text", (column) =>
      column.notNull().references("data_collections.id").onDelete("cascade"),
    )
    .addColumn("ordinal", "integer", (column) => column.notNull())
    .addColumn("source", "text", (column) => column.notNull())
    .addColumn("item_key", "text", (column) => column.notNull())
    .addColumn("item", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("started_at", "bigint")
    .addColumn("handle", "text")
    .addColumn("reservation_id", "text")
    .addColumn("harvest", "text")
    .addColumn("cost_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("documents", "integer", (column) => column.notNull())
    .addColumn("error_kind", "text")
    .addColumn("error_message", "text")
    .addColumn("note", "text")
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .addUniqueConstraint("data_collection_tasks_item", ["collection_id", "item_key"])
    .execute();
}

async function createDocumentTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("data_collection_documents")
    .addColumn("collection_id", "text", (column) =>
      column.notNull().references("data_collections.id").onDelete("cascade"),
    )
    // What is erased leaves no trace in the collections that brought it.
    .addColumn("document_id", "text", (column) => column.notNull().references("data_documents.id").onDelete("cascade"))
    .addColumn("task_id", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("found_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("data_collection_documents_key", ["collection_id", "document_id"])
    .execute();
  await db.schema
    .createIndex("data_collection_documents_document")
    .on("data_collection_documents")
    .column("document_id")
    .execute();
  await db.schema
    .createTable("data_budgets")
    .addColumn("scope", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("usd_per_month", "double precision", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("data_budgets_key", ["scope", "name"])
    .execute();
}
