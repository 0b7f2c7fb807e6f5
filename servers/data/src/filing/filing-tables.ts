import type { DataTables } from "../documents/tables.ts";

/** Rows go with their documents: what is erased leaves no key, edge or group behind. Times are wall-clock ms. */
export type FilingTables = DataTables & {
  /** By what a document is found to be another one's copy. */
  data_document_keys: {
    document_id: string;
    canonical_key: string | null;
    vendor_key: string | null;
    text_hash: string | null;
  };
  data_document_bands: { band: number; document_id: string };
  /** One recorded decision; `document_a < document_b`. */
  data_duplicate_edges: {
    document_a: string;
    document_b: string;
    reason: string;
    score: number;
    decided_at: number;
  };
  /** Somebody's word that two documents are not one. */
  data_kept_apart: { document_a: string; document_b: string; caller: string; decided_at: number };
  /** Follows from edges and what is kept apart; only of groups of two and more. */
  data_document_groups: { document_id: string; group_id: string };
};
