import type { Kysely, Transaction } from "kysely";
import type { DataTables } from "../documents/tables.ts";
import { type PackedBlob, unpackBlob } from "./pack-blob.ts";

/**
 * Keeps the content, or counts one more use of it. Returns its number. The count locks the row until the transaction
 * ends: one that lets go of the last use at the same time waits, and does not take the content from under this one.
 */
export async function keepBlob(tx: Transaction<DataTables>, blob: PackedBlob): Promise<number> {
  const { sha256, codec, rawLength, bytes } = blob;
  const { id } = await tx
    .insertInto("data_blobs")
    .values({ sha256, codec, raw_length: rawLength, bytes, uses: 1 })
    .onConflict((conflict) =>
      conflict.column("sha256").doUpdateSet((expression) => ({ uses: expression("data_blobs.uses", "+", 1) })),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

/** One use less for each number, which may be named several times. Call it when no row points there any more. */
export async function releaseBlobs(tx: Transaction<DataTables>, ids: readonly number[]): Promise<void> {
  // In one order everywhere, so that two transactions never wait for each other.
  for (const id of ids.toSorted((a, b) => a - b)) {
    await tx
      .updateTable("data_blobs")
      .set((expression) => ({ uses: expression("uses", "-", 1) }))
      .where("id", "=", id)
      .execute();
  }
  if (ids.length === 0) return;
  await tx
    .deleteFrom("data_blobs")
    .where("id", "in", [...new Set(ids)])
    .where("uses", "<=", 0)
    .execute();
}

/** Contents by number; numbers that are gone are left out. */
export async function readBlobs(db: Kysely<DataTables>, ids: readonly number[]): Promise<Map<number, Buffer>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom("data_blobs")
    .select(["id", "sha256", "codec", "raw_length", "bytes"])
    .where("id", "in", [...new Set(ids)])
    .execute();
  const contents = rows.map(
    async ({ id, raw_length: rawLength, ...row }) => [id, await unpackBlob({ ...row, rawLength })] as const,
  );
  return new Map(await Promise.all(contents));
}
