import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import type { ResultShelf } from "./result-cap.ts";

/** Keeps the rests of long answers in the shared store; expired ones go whenever a new one comes. */
export function createResultShelf(store: Store<CoreTables>): ResultShelf {
  return {
    async put(row) {
      const now = Date.now();
      await store.transaction(async (tx) => {
        await tx.deleteFrom("results").where("expires_at", "<", now).execute();
        await tx
          .insertInto("results")
          .values({
            id: row.id,
            server: row.server,
            tool: row.tool,
            caller: row.caller,
            body: row.body,
            created_at: now,
            expires_at: row.expiresAt,
          })
          .execute();
      });
    },
    async get(id, caller) {
      const row = await store.db
        .selectFrom("results")
        .select(["body", "expires_at"])
        .where("id", "=", id)
        .where("caller", "=", caller)
        .executeTakeFirst();
      return row && row.expires_at > Date.now() ? row.body : undefined;
    },
  };
}
