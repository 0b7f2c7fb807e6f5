import { sql, type Transaction } from "kysely";
import type { Clock } from "../limits/clock.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import type { ResultShelf } from "./result-cap.ts";

export interface ShelfRoom {
  bytesPerCaller: number;
  bytesInAll: number;
}

const mebibyte = 1024 * 1024;
/** A few of the longest answers for each caller; in all, what any disk has to spare. */
const defaultRoom: ShelfRoom = { bytesPerCaller: 32 * mebibyte, bytesInAll: 256 * mebibyte };
/** SQLite takes 32,766 values in one statement. */
const rowsPerInsert = 500;
/** Its other columns and its places in the indexes, so that a million tiny rests count as well. */
const bytesBesideBody = 1_024;

/**
 * Keeps the rests of long answers in the shared store. Whenever a new one comes, expired ones go, and the oldest of
 * those that are more than there is room for: a bearer that may only read must not fill the disk.
 */
export function createResultShelf(store: Store<CoreTables>, clock: Clock, room = defaultRoom): ResultShelf {
  return {
    async put(pages) {
      const now = clock.now();
      const rows = pages.map(({ expiresAt, ...page }) => {
        const bytes = Buffer.byteLength(page.body) + bytesBesideBody;
        return { ...page, created_at: now, expires_at: expiresAt, bytes };
      });
      await store.transaction(async (tx) => {
        await tx.deleteFrom("results").where("expires_at", "<", now).execute();
        for (let from = 0; from < rows.length; from += rowsPerInsert) {
          await tx
            .insertInto("results")
            .values(rows.slice(from, from + rowsPerInsert))
            .execute();
        }
        const callers = new Set(pages.map((page) => page.caller));
        for (const caller of callers) await dropOldest(tx, room.bytesPerCaller, caller);
        await dropOldest(tx, room.bytesInAll);
      });
    },
    async get(id, caller) {
      const row = await store.db
        .selectFrom("results")
        .select(["body", "expires_at"])
        .where("id", "=", id)
        .where("caller", "=", caller)
        .executeTakeFirst();
      return row && row.expires_at > clock.now() ? row.body : undefined;
    },
  };
}

/** Whole answers go, for all pages of one are equally old; what was just put is the newest and fits. */
async function dropOldest(tx: Transaction<CoreTables>, roomBytes: number, caller?: string): Promise<void> {
  let held = tx.selectFrom("results");
  if (caller !== undefined) held = held.where("caller", "=", caller);
  const { total } = await held.select(({ fn }) => fn.sum<number>("bytes").as("total")).executeTakeFirstOrThrow();
  if (total <= roomBytes) return;
  const running = held.select(["id", sql<number>`sum(bytes) over (order by created_at desc)`.as("upto")]);
  const excess = tx.selectFrom(running.as("running")).select("id").where("upto", ">", roomBytes);
  await tx.deleteFrom("results").where("id", "in", excess).execute();
}
