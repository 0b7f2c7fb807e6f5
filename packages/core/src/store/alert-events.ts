import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { AlertState } from "./alert-states.ts";
import type { CoreTables } from "./core-tables.ts";
import { narrowStore, type Store } from "./store.ts";

/** What the servers tell each other when something deserves attention. Version 1; readers ignore fields they do not know. */
export const AlertEvent = z.object({
  version: z.literal(1),
  /** Wall-clock milliseconds. */
  at: z.number().int(),
  /** Who noticed: ai, data, infra, bi, or supervisor. */
  server: z.string().min(1),
  /** What kind of thing, e.g. "drift", "budget", "service_down". */
  kind: z.string().min(1),
  severity: z.enum(["info", "warning", "critical"]),
  title: z.string().min(1).max(300),
  detail: z.string().max(10_000),
  /** Names the occurrence: writing the same key again changes nothing, so a retry raises no second alert. */
  key: z.string().min(1).max(300),
});
export type AlertEvent = z.infer<typeof AlertEvent>;

export interface StoredAlertEvent extends AlertEvent {
  id: string;
  state: AlertState;
  /** When somebody last changed the state, and who; absent while it is open. */
  stateAt?: number;
  stateBy?: string;
}

export interface AlertFilter {
  server?: string;
  kind?: string;
  severity?: AlertEvent["severity"];
  states?: readonly AlertState[];
  /** Wall-clock milliseconds, inclusive. */
  since?: number;
  /** At most 1,000; default 100. */
  limit?: number;
}

export interface AlertEvents {
  write(event: Omit<AlertEvent, "version">): Promise<{ id: string; existed: boolean }>;
  /** Newest first. */
  list(filter: AlertFilter): Promise<StoredAlertEvent[]>;
  /** Forward only: open → acknowledged → resolved. False when there is no such alert or it is that far already. */
  setState(id: string, change: { state: "acknowledged" | "resolved"; by: string; at: number }): Promise<boolean>;
}

export function createAlertEvents<Tables extends CoreTables>(options: { store: Store<Tables> }): AlertEvents {
  const store: Store<CoreTables> = narrowStore(options.store);
  return {
    async write(event) {
      const body = AlertEvent.parse({ ...event, version: 1 });
      const { key, at, server, kind, severity } = body;
      const id = randomUUID();
      const inserted = await store.db
        .insertInto("alert_events")
        .values({ id, key, at, server, kind, severity, body: JSON.stringify(body), state_at: null, state_by: null })
        .onConflict((conflict) => conflict.column("key").doNothing())
        .returning("id")
        .executeTakeFirst();
      if (inserted) return { id, existed: false };
      const first = await store.db.selectFrom("alert_events").select("id").where("key", "=", key).executeTakeFirst();
      return { id: first?.id ?? id, existed: true };
    },
    async list(filter) {
      let query = store.db.selectFrom("alert_events").select(["id", "body", "state", "state_at", "state_by"]);
      if (filter.server !== undefined) query = query.where("server", "=", filter.server);
      if (filter.kind !== undefined) query = query.where("kind", "=", filter.kind);
      if (filter.severity !== undefined) query = query.where("severity", "=", filter.severity);
      if (filter.states !== undefined) query = query.where("state", "in", filter.states);
      if (filter.since !== undefined) query = query.where("at", ">=", filter.since);
      const limit = Math.min(1_000, filter.limit ?? 100);
      const rows = await query.orderBy("at", "desc").orderBy("id").limit(limit).execute();
      return rows.map((row) => ({
        ...AlertEvent.parse(JSON.parse(row.body)),
        id: row.id,
        state: row.state,
        ...(row.state_at !== null && { stateAt: row.state_at }),
        ...(row.state_by !== null && { stateBy: row.state_by }),
      }));
    },
    async setState(id, { state, by, at }) {
      const earlier: AlertState[] = state === "acknowledged" ? ["open"] : ["open", "acknowledged"];
      const { numUpdatedRows } = await store.db
        .updateTable("alert_events")
        .set({ state, state_at: at, state_by: by })
        .where("id", "=", id)
        .where("state", "in", earlier)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
  };
}
