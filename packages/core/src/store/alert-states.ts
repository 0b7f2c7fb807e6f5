import type { Kysely } from "kysely";

/** What has become of an alert: nobody has looked yet, somebody is on it, or it is over. */
export type AlertState = "open" | "acknowledged" | "resolved";

/** Alerts from before this were told once and never closed. */
export async function addAlertStates(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable("alert_events")
    .addColumn("state", "text", (column) => column.notNull().defaultTo("open"))
    .execute();
  await db.schema.alterTable("alert_events").addColumn("state_at", "bigint").execute();
  await db.schema.alterTable("alert_events").addColumn("state_by", "text").execute();
  await db.schema.createIndex("alert_events_by_state").on("alert_events").columns(["server", "state"]).execute();
}
