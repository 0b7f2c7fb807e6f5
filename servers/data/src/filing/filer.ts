import type { Clock } from "@sophia/core/limits/clock";
import type { Store } from "@sophia/core/store/store";
import { sql, type Transaction } from "kysely";
import { createDeduplicator, type DuplicateDecision, type IncomingDocument } from "../dedup/deduplicator.ts";
import { toDocumentKey } from "../dedup/canonical-url.ts";
import { createShingleCounts } from "../dedup/shingle-counts.ts";
import { withText } from "../documents/document-text.ts";
import type { FilingTables } from "./filing-tables.ts";
import { createLookup, narrowDb, toComparedText } from "./lookup.ts";
import { regroup } from "./regroup.ts";

/** Finds of which documents a saved one is a copy, and keeps every decision with its reason. */
export interface Filer {
  /** After the document was saved. Filed again it comes to the same. */
  file(documentId: string): Promise<void>;
  /** What a crash left unfiled, at most so many. Returns how many there were. */
  fileMissing(most: number, signal: AbortSignal): Promise<number>;
}

const cells = 1_048_576;
/** Texts whose shingles are counted at start, so that frames are known. */
const countedAtStart = 2_000;

export function createFiler(options: { store: Store<FilingTables>; clock: Clock }): Filer {
  const { store, clock } = options;
  const counts = createShingleCounts({ cells });
  const counter = createDeduplicator({ lookup: nothingKnown, counts, clock });
  let counted: Promise<void> | undefined;

  async function countStored(): Promise<void> {
    const rows = await store.db
      .selectFrom("data_documents as d")
      .innerJoin("data_document_keys as k", "k.document_id", "d.id")
      .select(["d.markdown", "d.text_blob"])
      .where("d.is_current", "=", 1)
      .orderBy("d.checked_at", "desc")
      .limit(countedAtStart)
      .execute();
    for (const { markdown } of await withText(narrowDb(store.db), rows))
      counter.counted({ text: toComparedText(markdown) });
  }

  async function file(documentId: string): Promise<void> {
    await (counted ??= countStored());
    const text = await store.transaction(async (tx) => {
      // Two that are saved at once must see each other. SQLite has one writer.
      if (store.engine === "postgres") await sql`select pg_advisory_xact_lock(7410211)`.execute(tx);
      const document = await readDocument(tx, documentId);
      if (!document) return undefined;
      const before = await readEarlier(tx, documentId);
      await forget(tx, [documentId, ...before]);
      await keepApartStill(tx, documentId, before);
      const decision = await createDeduplicator({ lookup: createLookup(tx), counts, clock }).examine(document);
      await keep(tx, document, decision);
      await regroup(tx, [documentId, ...before]);
      return document.text;
    });
    if (text !== undefined) counter.counted({ text });
  }

  return {
    file,
    async fileMissing(most, signal) {
      const rows = await store.db
        .selectFrom("data_documents as d")
        .leftJoin("data_document_keys as k", "k.document_id", "d.id")
        .select("d.id")
        .where("d.is_current", "=", 1)
        .where("k.document_id", "is", null)
        .limit(most)
        .execute();
      for (const { id } of rows) {
        signal.throwIfAborted();
        await file(id);
      }
      return rows.length;
    },
  };
}

const nothingKnown = {
  byCanonicalKey: async () => [],
  byVendorKey: async () => [],
  byTextHash: async () => [],
  byBandKeys: async () => [],
  texts: async () => new Map<string, string>(),
};

async function readDocument(tx: Transaction<FilingTables>, id: string): Promise<IncomingDocument | undefined> {
  const row = await tx
    .selectFrom("data_documents")
    .select(["id", "markdown", "text_blob", "final_url", "canonical_url"])
    .where("id", "=", id)
    .where("is_current", "=", 1)
    .executeTakeFirst();
  const [whole] = row ? await withText(narrowDb(tx), [row]) : [];
  return (
    whole && {
      id,
      text: toComparedText(whole.markdown),
      canonicalKey: toDocumentKey(whole.final_url, whole.canonical_url),
      vendorKey: null,
    }
  );
}

/** Versions that this one has taken the place of, as far as they are filed. */
async function readEarlier(tx: Transaction<FilingTables>, id: string): Promise<string[]> {
  const rows = await tx
    .selectFrom("data_documents as d")
    .innerJoin("data_document_keys as k", "k.document_id", "d.id")
    .select("d.id")
    .where("d.is_current", "=", 0)
    .where("d.url_key", "=", (inner) => inner.selectFrom("data_documents").select("url_key").where("id", "=", id))
    .execute();
  return rows.map((row) => row.id);
}

/** What somebody said of an older version holds for the new one. */
async function keepApartStill(tx: Transaction<FilingTables>, id: string, before: readonly string[]): Promise<void> {
  if (before.length === 0) return;
  const rows = await tx
    .selectFrom("data_kept_apart")
    .selectAll()
    .where((where) => where.or([where("document_a", "in", [...before]), where("document_b", "in", [...before])]))
    .execute();
  const values = rows.map((row) => {
    const other = before.includes(row.document_a) ? row.document_b : row.document_a;
    const [document_a, document_b] = id < other ? [id, other] : [other, id];
    return { ...row, document_a, document_b };
  });
  if (values.length === 0) return;
  await tx
    .insertInto("data_kept_apart")
    .values(values)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function forget(tx: Transaction<FilingTables>, ids: string[]): Promise<void> {
  await tx.deleteFrom("data_document_keys").where("document_id", "in", ids).execute();
  await tx.deleteFrom("data_document_bands").where("document_id", "in", ids).execute();
  await tx
    .deleteFrom("data_duplicate_edges")
    .where((where) => where.or([where("document_a", "in", ids), where("document_b", "in", ids)]))
    .execute();
}

async function keep(
  tx: Transaction<FilingTables>,
  { id, canonicalKey, vendorKey }: IncomingDocument,
  { textHash, bandKeys, edges }: DuplicateDecision,
): Promise<void> {
  const keys = { canonical_key: canonicalKey, vendor_key: vendorKey, text_hash: textHash };
  await tx
    .insertInto("data_document_keys")
    .values({ document_id: id, ...keys })
    .execute();
  const bands = [...new Set(bandKeys)].map((band) => ({ band, document_id: id }));
  if (bands.length > 0) await tx.insertInto("data_document_bands").values(bands).execute();
  if (edges.length === 0) return;
  await tx
    .insertInto("data_duplicate_edges")
    .values(
      edges.map(({ documentA, documentB, reason, score, decidedAt }) => ({
        document_a: documentA,
        document_b: documentB,
        reason,
        score,
        decided_at: decidedAt,
      })),
    )
    .execute();
}
