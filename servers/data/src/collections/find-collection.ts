import { AppError } from "@sophia/core/errors/app-error";
import type { Store } from "@sophia/core/store/store";
import type { CollectionRow, CollectionTables } from "./tables.ts";

/** Throws AppError `not_found`, also for the collection of another caller. */
export async function findCollection(
  store: Store<CollectionTables>,
  id: string,
  caller: string,
): Promise<CollectionRow> {
  const row = await store.db.selectFrom("data_collections").selectAll().where("id", "=", id).executeTakeFirst();
  if (row && row.caller === caller) return row;
  throw new AppError("not_found", "There is no such collection.", {
    hint: "get_collection without an id lists yours; collect makes one.",
  });
}
