import type { Kysely } from "kysely";

export async function createLedgerLeases(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("ledger_leases")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("server", "text", (column) => column.notNull())
    .addColumn("service", "text", (column) => column.notNull())
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("charges", "text", (column) => column.notNull())
    .addColumn("granted_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("written_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("ledger_leases_by_expiry").on("ledger_leases").column("expires_at").execute();
}
