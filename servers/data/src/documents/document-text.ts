import type { Kysely, Transaction } from "kysely";
import { keepBlob, readBlobs } from "../blobs/blob-rows.ts";
import { type PackedBlob, packBlob } from "../blobs/pack-blob.ts";
import type { DataTables } from "./tables.ts";

/** A shorter text stays in its row: a blob of its own costs as much. */
const leastBlobBytes = 512;

interface TextColumns {
  markdown: string;
  text_blob: number | null;
}

/** A text that is too short for a blob comes back without one. */
export async function packText(markdown: string): Promise<PackedBlob | undefined> {
  const bytes = Buffer.from(markdown);
  return bytes.length < leastBlobBytes ? undefined : await packBlob(bytes, "text");
}

/** The columns of a document that hold its text. */
export async function keepText(
  tx: Transaction<DataTables>,
  markdown: string,
  packed: PackedBlob | undefined,
): Promise<TextColumns> {
  if (!packed) return { markdown, text_blob: null };
  return { markdown: "", text_blob: await keepBlob(tx, packed) };
}

/** The rows with their Markdown, wherever it is kept. */
export async function withText<Row extends TextColumns>(db: Kysely<DataTables>, rows: readonly Row[]): Promise<Row[]> {
  const blobs = await readBlobs(
    db,
    rows.flatMap(({ text_blob: id }) => (id === null ? [] : [id])),
  );
  return rows.flatMap((row) => {
    if (row.text_blob === null) return [row];
    const content = blobs.get(row.text_blob);
    // Removed between the two reads.
    return content ? [{ ...row, markdown: content.toString("utf8") }] : [];
  });
}
