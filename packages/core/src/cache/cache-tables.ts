import type { Kysely } from "kysely";
import type { MigrationSet } from "../store/store.ts";

export interface CacheTables {
  cache_entries: {
    /** SHA-256 over partition and key, hex. */
    id: string;
    partition: string;
    value: string;
    bytes: number;
    created_at: number;
    expires_at: number;
    last_used_at: number;
  };
}

/** The tables of {@link ExactCache}; a server that caches adds the set to its own. */
export const cacheMigrations: MigrationSet = {
  owner: "cache",
  migrations: { "0001-entries": { up: createEntries } },
};

async function createEntries(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("cache_entries")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("partition", "text", (column) => column.notNull())
    .addColumn("value", "text", (column) => column.notNull())
    .addColumn("bytes", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("last_used_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("cache_entries_by_expiry").on("cache_entries").column("expires_at").execute();
  await db.schema.createIndex("cache_entries_by_use").on("cache_entries").column("last_used_at").execute();
}
