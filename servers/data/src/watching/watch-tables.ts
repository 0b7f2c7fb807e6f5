import type { DataTables } from "../documents/tables.ts";

/** Times are wall-clock milliseconds. */
interface WatchesTable {
  /** Made of what is watched: two callers who ask for the same share one watch, and its sites are asked once. */
  id: string;
  topic: string | null;
  every: string;
  created_at: number;
  /** When the sources were last read; null before the first time. */
  checked_at: number | null;
  /** Grows with each new or changed entry: where a reader goes on. */
  last_sequence: number;
  cost_usd: number;
}

interface WatchSourcesTable {
  watch_id: string;
  /** As the caller gave it; empty for the news service. */
  url: string;
  ordinal: number;
  kind: "feed" | "page" | "news" | null;
  /** Where the feed is, and how to ask whether it has changed. */
  feed_url: string | null;
  etag: string | null;
  last_modified: string | null;
  checked_at: number | null;
  failure_code: string | null;
  failure_message: string | null;
}

interface WatchEntriesTable {
  watch_id: string;
  /** SHA-256 of the source's address and the entry's id there. */
  entry_key: string;
  sequence: number;
  state: "new" | "changed";
  source_url: string;
  content_hash: string;
  /** JSON of an EntryText; "{}" once its document is erased. */
  body: string;
  published_at: number | null;
  found_at: number;
  document_id: string | null;
  /** 1 when it has, or had, a document. */
  is_stored: number;
  /** How often its page could not be read. */
  tries: number;
}

interface WatchReadersTable {
  watch_id: string;
  caller: string;
  /** What the caller has seen, and had seen before its last answer. */
  sequence: number;
  previous_sequence: number;
}

export type WatchTables = DataTables & {
  data_watches: WatchesTable;
  data_watch_sources: WatchSourcesTable;
  data_watch_entries: WatchEntriesTable;
  data_watch_readers: WatchReadersTable;
};
export type WatchRow = WatchesTable;
export type WatchSourceRow = WatchSourcesTable;
export type WatchEntryRow = WatchEntriesTable;
