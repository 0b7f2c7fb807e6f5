import type { MigrationSet } from "@sophia/core/store/store";
import type { Kysely } from "kysely";

/** Tables of watched topics. A migration that has shipped is never edited; add the next number. */
export const watchingMigrations: MigrationSet = {
  owner: "data-watching",
  migrations: { "0001-watches": { up: createWatchTables } },
};

async function createWatchTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("data_watches")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("topic", "text")
    .addColumn("every", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("checked_at", "bigint")
    .addColumn("last_sequence", "bigint", (column) => column.notNull())
    .addColumn("cost_usd", "double precision", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("data_watch_sources")
    .addColumn("watch_id", "text", (column) => column.notNull().references("data_watches.id").onDelete("cascade"))
    .addColumn("url", "text", (column) => column.notNull())
    .addColumn("ordinal", "integer", (column) => column.notNull())
    .addColumn("kind", "text")
    .addColumn("feed_url", "text")
    .addColumn("etag", "text")
    .addColumn("last_modified", "text")
    .addColumn("checked_at", "bigint")
    .addColumn("failure_code", "text")
    .addColumn("failure_message", "text")
    .addPrimaryKeyConstraint("data_watch_sources_key", ["watch_id", "url"])
    .execute();
  await db.schema
    .createTable("data_watch_entries")
    .addColumn("watch_id", "text", (column) => column.notNull().references("data_watches.id").onDelete("cascade"))
    .addColumn("entry_key", "text", (column) => column.notNull())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("source_url", "text", (column) => column.notNull())
    .addColumn("content_hash", "text", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("published_at", "bigint")
    .addColumn("found_at", "bigint", (column) => column.notNull())
    // What is erased leaves an entry without a word of it, so that the next reading does not take it for new.
    .addColumn("document_id", "text", (column) => column.references("data_documents.id").onDelete("set null"))
    .addColumn("is_stored", "integer", (column) => column.notNull())
    .addColumn("tries", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("data_watch_entries_key", ["watch_id", "entry_key"])
    .execute();
  await db.schema
    .createIndex("data_watch_entries_order")
    .on("data_watch_entries")
    .columns(["watch_id", "sequence"])
    .execute();
  await db.schema.createIndex("data_watch_entries_document").on("data_watch_entries").column("document_id").execute();
  await db.schema
    .createTable("data_watch_readers")
    .addColumn("watch_id", "text", (column) => column.notNull().references("data_watches.id").onDelete("cascade"))
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("previous_sequence", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("data_watch_readers_key", ["watch_id", "caller"])
    .execute();
}
