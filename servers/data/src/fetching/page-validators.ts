import type { Store } from "@sophia/core/store/store";
import type { DataTables, DocumentsTable } from "../documents/tables.ts";
import type { ExtractedPage } from "../domain/extract-page.ts";
import { type Reservation, reservationNames, toReservations } from "../domain/reservations.ts";
import { toUrlKey } from "../domain/page-address.ts";
import type { FetchedBody } from "./page-fetcher.ts";

/** What a site said about a page beside its text, and how to ask whether it has changed. */
interface PageValidatorsTable {
  /** Of the address that was asked for. */
  url_key: string;
  document_id: string;
  final_url: string;
  etag: string | null;
  last_modified: string | null;
  /** X-Robots-Tag as it was sent, and what the page says so in its head. */
  robots_tag: string | null;
  /** 1 when the site reserves text and data mining. https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/ */
  is_tdm_reserved: number;
  method: ExtractedPage["method"];
  is_truncated: number;
}

export interface KeptPage {
  etag: string | null;
  lastModified: string | null;
  finalUrl: string;
  method: ExtractedPage["method"];
  truncated: boolean;
  document: DocumentsTable;
}

export interface PageValidators {
  /** What is kept of this address, if its document is still the newest of its page. */
  find(url: string): Promise<KeptPage | undefined>;
  keep(fetched: FetchedBody, page: Pick<ExtractedPage, "method" | "truncated">, documentId: string): Promise<void>;
  /** What the site's owner does not want done with a document; nothing known of one that is no longer the newest. */
  reservationsOf(documentId: string): Promise<Reservation[]>;
  /** Notes that the site said "not modified" at `now`, wall-clock milliseconds. */
  touch(documentId: string, now: number): Promise<void>;
}

type Tables = DataTables & { data_page_validators: PageValidatorsTable };

export function createPageValidators(options: {
  store: Store<DataTables>;
  getDocument(id: string): Promise<DocumentsTable | undefined>;
}): PageValidators {
  const db = options.store.db.withTables<Pick<Tables, "data_page_validators">>();
  return {
    async find(url) {
      const row = await db
        .selectFrom("data_page_validators")
        .selectAll()
        .where("url_key", "=", toUrlKey(url))
        .executeTakeFirst();
      if (!row || (row.etag === null && row.last_modified === null)) return undefined;
      const document = await options.getDocument(row.document_id);
      if (document?.is_current !== 1) return undefined;
      const { etag, last_modified: lastModified, final_url: finalUrl, method } = row;
      return { etag, lastModified, finalUrl, method, truncated: row.is_truncated === 1, document };
    },
    async keep(fetched, page, documentId) {
      const facts = {
        document_id: documentId,
        final_url: fetched.finalUrl,
        etag: fetched.etag ?? null,
        last_modified: fetched.lastModified ?? null,
        robots_tag: fetched.robotsTag?.slice(0, 500) ?? null,
        is_tdm_reserved: fetched.isTdmReserved ? 1 : 0,
        method: page.method,
        is_truncated: page.truncated ? 1 : 0,
      };
      await db
        .insertInto("data_page_validators")
        .values({ url_key: toUrlKey(fetched.url), ...facts })
        .onConflict((conflict) => conflict.column("url_key").doUpdateSet(facts))
        .execute();
    },
    async reservationsOf(documentId) {
      const rows = await db
        .selectFrom("data_page_validators")
        .select(["robots_tag", "is_tdm_reserved"])
        .where("document_id", "=", documentId)
        .execute();
      const all = rows.flatMap((row) => toReservations(row.robots_tag, row.is_tdm_reserved === 1));
      return reservationNames.filter((name) => all.includes(name));
    },
    async touch(documentId, now) {
      await db.updateTable("data_documents").set({ checked_at: now }).where("id", "=", documentId).execute();
    },
  };
}
