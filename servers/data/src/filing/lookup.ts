import type { Kysely, Transaction } from "kysely";
import type { DuplicateLookup } from "../dedup/deduplicator.ts";
import { withText } from "../documents/document-text.ts";
import type { DataTables } from "../documents/tables.ts";
import type { FilingTables } from "./filing-tables.ts";

type KeyName = "canonical_key" | "vendor_key" | "text_hash";

/** Of equal keys so many documents are looked at: more of them are the same story again. */
const mostAlike = 50;

/** What the deduplicator asks, answered within one transaction: current versions only. */
export function createLookup(tx: Transaction<FilingTables>): DuplicateLookup {
  async function byKey(name: KeyName, value: string): Promise<string[]> {
    const rows = await tx
      .selectFrom("data_document_keys as k")
      .innerJoin("data_documents as d", "d.id", "k.document_id")
      .select("k.document_id")
      .where(`k.${name}`, "=", value)
      .where("d.is_current", "=", 1)
      .limit(mostAlike)
      .execute();
    return rows.map(({ document_id: id }) => id);
  }

  return {
    byCanonicalKey: (key) => byKey("canonical_key", key),
    byVendorKey: (key) => byKey("vendor_key", key),
    byTextHash: (textHash) => byKey("text_hash", textHash),
    async byBandKeys(keys, leastShared, limit) {
      const rows = await tx
        .selectFrom("data_document_bands as b")
        .innerJoin("data_documents as d", "d.id", "b.document_id")
        .select("b.document_id")
        .select((expression) => expression.fn.countAll<number | string>().as("shared"))
        .where("b.band", "in", [...keys])
        .where("d.is_current", "=", 1)
        .groupBy("b.document_id")
        .having((expression) => expression.fn.countAll<number>(), ">=", leastShared)
        .orderBy("shared", "desc")
        .orderBy("b.document_id")
        .limit(limit)
        .execute();
      return rows.map(({ document_id: id }) => id);
    },
    async texts(ids) {
      if (ids.length === 0) return new Map();
      const rows = await tx
        .selectFrom("data_documents")
        .select(["id", "markdown", "text_blob"])
        .where("id", "in", [...ids])
        .where("is_current", "=", 1)
        .execute();
      const whole = await withText(narrowDb(tx), rows);
      return new Map(whole.map(({ id, markdown }) => [id, toComparedText(markdown)]));
    },
  };
}

/** Addresses of links and pictures are other ones at each place where a text stands. */
export function toComparedText(markdown: string): string {
  return markdown.replaceAll(/\]\([^)\s]*(?:\s"[^"]*")?\)/g, "] ");
}

/** A database with more tables is one of fewer; Kysely's types are invariant and cannot say so. */
export function narrowDb(db: Kysely<FilingTables>): Kysely<DataTables> {
  return db as unknown as Kysely<DataTables>;
}
