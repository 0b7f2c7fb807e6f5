import { narrowStore, type Store } from "@sophia/core/store/store";
import type { CollectionTables } from "../collections/tables.ts";
import { filterCondition } from "../documents/document-store.ts";
import { withText } from "../documents/document-text.ts";
import type { DataTables } from "../documents/tables.ts";
import type { ExportFilter } from "./document-exports.ts";
import type { ExportedRow } from "./format-row.ts";

/** Kept documents page by page, in the order of their ids: what is saved meanwhile may or may not be in it. */
export interface ExportedDocuments {
  pages(filter: ExportFilter, options: { caller: string; pageSize: number }): AsyncGenerator<ExportedRow[], void>;
}

export function createExportedDocuments({ store }: { store: Store<CollectionTables> }): ExportedDocuments {
  const { db } = narrowStore<DataTables, CollectionTables>(store);
  return {
    async *pages({ source, collectionId, ...filter }, { caller, pageSize }) {
      for (let after = ""; ;) {
        let query = store.db
          .selectFrom("data_documents as d")
          .selectAll("d")
          .where(filterCondition(filter))
          .where("d.id", ">", after);
        if (source !== undefined) query = query.where("d.source", "=", source);
        if (collectionId !== undefined) {
          query = query.where("d.id", "in", (inner) =>
            inner
              .selectFrom("data_collection_documents as m")
              .innerJoin("data_collections as c", "c.id", "m.collection_id")
              .select("m.document_id")
              .where("c.id", "=", collectionId)
              .where("c.caller", "=", caller),
          );
        }
        const rows = await query.orderBy("d.id").limit(pageSize).execute();
        if (rows.length > 0) yield (await withText(db, rows)).map(toRow);
        const last = rows.at(-1);
        if (rows.length < pageSize || !last) return;
        after = last.id;
      }
    },
  };
}

function toRow(document: CollectionTables["data_documents"]): ExportedRow {
  const toText = (time: number): string => new Date(time).toISOString();
  return {
    documentId: document.id,
    version: document.version,
    url: document.url,
    finalUrl: document.final_url,
    site: document.site,
    title: document.title,
    author: document.author,
    publishedAt: document.published_at === null ? null : toText(document.published_at),
    fetchedAt: toText(document.fetched_at),
    checkedAt: toText(document.checked_at),
    language: document.language,
    kind: document.kind,
    source: document.source,
    markdown: document.markdown,
  };
}
