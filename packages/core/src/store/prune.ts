import type { CoreTables } from "./core-tables.ts";
import type { Store } from "./store.ts";

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;

/**
 * How long each thing stays after its end. What people look back at stays for good: the ledger's entries, the audit,
 * tokens. A plan's proposal, decision and outcome are in the audit as well.
 */
export const keepMs = {
  /** Plans live ten minutes: thirty days after their expiry all have ended. */
  plans: 30 * dayMs,
  jobs: 30 * dayMs,
  /** Their sums are in the ledger and the budgets; a day is far beyond the latest settlement. */
  reservations: dayMs,
  alertEvents: 90 * dayMs,
};

/** One deletion holds the write lock for milliseconds, however much has gathered. */
const rowsAtOnce = 500;

/** Drops rows whose time is over, a limited number of each kind. True when there may be more. */
export async function pruneStore(store: Store<CoreTables>, now: number): Promise<boolean> {
  const { db } = store;
  const plans = db
    .selectFrom("plans")
    .select("id")
    .where("expires_at", "<", now - keepMs.plans);
  const jobs = db
    .selectFrom("jobs")
    .select("id")
    .where("finished_at", "<", now - keepMs.jobs);
  const reservations = db
    .selectFrom("ledger_reservations")
    .select("id")
    .where("state", "in", ["settled", "released", "expired"])
    .where("expires_at", "<", now - keepMs.reservations);
  const alertEvents = db
    .selectFrom("alert_events")
    .select("id")
    .where("at", "<", now - keepMs.alertEvents);
  const results = db.selectFrom("results").select("id").where("expires_at", "<", now);
  const deletions = [
    db.deleteFrom("plans").where("id", "in", plans.limit(rowsAtOnce)),
    db.deleteFrom("jobs").where("id", "in", jobs.limit(rowsAtOnce)),
    db.deleteFrom("ledger_reservations").where("id", "in", reservations.limit(rowsAtOnce)),
    db.deleteFrom("alert_events").where("id", "in", alertEvents.limit(rowsAtOnce)),
    db.deleteFrom("results").where("id", "in", results.limit(rowsAtOnce)),
  ];
  let mayBeMore = false;
  for (const deletion of deletions) {
    const { numDeletedRows } = await deletion.executeTakeFirst();
    mayBeMore ||= Number(numDeletedRows) === rowsAtOnce;
  }
  return mayBeMore;
}
