import type { Transaction } from "kysely";
import type { CoreTables } from "../store/core-tables.ts";
import { addToBuckets, type Charge } from "./budget-buckets.ts";

const sweptAtOnce = 100;

/** Gives an open reservation's money back; one that is settled or closed stays as it is. */
export async function closeOpen(tx: Transaction<CoreTables>, id: string, state: "released" | "expired"): Promise<void> {
  const row = await tx
    .updateTable("ledger_reservations")
    .set({ state })
    .where("id", "=", id)
    .where("state", "=", "open")
    .returning(["charges", "cost_nano_usd"])
    .executeTakeFirst();
  if (row) await addToBuckets(tx, JSON.parse(row.charges) as Charge[], -row.cost_nano_usd);
}

/** Closes reservations that nobody settled in their time; returns how many, a hundred at most. */
export async function expireAbandoned(tx: Transaction<CoreTables>, now: number): Promise<number> {
  const rows = await tx
    .selectFrom("ledger_reservations")
    .select("id")
    .where("state", "=", "open")
    .where("expires_at", "<=", now)
    .orderBy("id")
    .limit(sweptAtOnce)
    .execute();
  for (const row of rows) await closeOpen(tx, row.id, "expired");
  return rows.length;
}
