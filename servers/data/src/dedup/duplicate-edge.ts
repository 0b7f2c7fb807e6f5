/** Why two documents were put together, strongest first. Neighbours by meaning are "related", never one group. */
export type DuplicateReason = "canonical_url" | "vendor_id" | "same_text" | "near_text";

/** One recorded decision. Groups follow from the edges, so taking an edge back takes its group apart again. */
export interface DuplicateEdge {
  documentA: string;
  documentB: string;
  reason: DuplicateReason;
  /** 1 for the first three reasons; the share of the two texts that agrees for `near_text`. */
  score: number;
  /** Wall-clock milliseconds. */
  decidedAt: number;
}

/** A person's or a tool's word that two documents are not one. It wins over every edge, now and later. */
export interface KeptApart {
  documentA: string;
  documentB: string;
}
