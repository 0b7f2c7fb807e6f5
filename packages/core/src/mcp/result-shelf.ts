import type { Clock } from "../limits/clock.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import type { ResultShelf } from "./result-cap.ts";

/** SQLite takes 32,766 values in one statement. */
const rowsPerInsert = 500;

/** Keeps the rests of long answers in the shared store; expired ones go whenever a new one comes. */
export function createResultShelf(store: Store<CoreTables>, clock: Clock): ResultShelf {
  return {
    async put(pages) {
      const now = clock.now();
      const rows = pages.map(({ expiresAt, ...page }) => ({ ...page, created_at: now, expires_at: expiresAt }));
      await store.transaction(async (tx) => {
        await tx.deleteFrom("results").where("expires_at", "<", now).execute();
        for (let from = 0; from < rows.length; from += rowsPerInsert) {
          await tx
            .insertInto("results")
            .values(rows.slice(from, from + rowsPerInsert))
            .execute();
        }
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
