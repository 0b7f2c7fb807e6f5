import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Generated } from "kysely";
import type { BlobsTable } from "../blobs/blob-tables.ts";

/** One version of one page. Times are wall-clock milliseconds. */
export interface DocumentsTable {
  id: string;
  /** The address asked for, without its fragment: what makes two fetches the same page. */
  url_key: string;
  /** 1, 2, 3… for each `url_key`; a new one when the content changed. */
  version: number;
  /** 1 for the newest version: the one that is searched. */
  is_current: number;
  url: string;
  final_url: string;
  canonical_url: string | null;
  /** Host of the final address without `www.`. */
  site: string;
  title: string | null;
  author: string | null;
  published_at: number | null;
  /** When this version was first seen. */
  fetched_at: number;
  /** When this version was last seen unchanged. */
  checked_at: number;
  language: string | null;
  kind: string;
  markdown: string;
  text_length: number;
  excerpt: string;
  /** SHA-256 of the Markdown, hex. */
  content_hash: string;
  /** How it came here, e.g. `direct`. */
  source: string;
}

/** A document as its row is: the Markdown stands in the row, or in a blob and the column is empty. */
interface DocumentRowsTable extends DocumentsTable {
  text_blob: number | null;
  /** The page as it came, where whoever read it asked for that to be kept. */
  original_blob: number | null;
}

/** A passage of a current document: what is matched and embedded. */
export interface ChunksTable {
  id: Generated<number>;
  document_id: string;
  ordinal: number;
  text: string;
}

export interface VectorsTable {
  /** Grows with every vector made: readers ask for what is new by it. */
  id: Generated<number>;
  chunk_id: number;
  /** Vectors of different models are never compared; a row of another model waits to be made anew. */
  model_id: string;
  /** IEEE 754 half precision, little endian. */
  vector: Uint8Array;
}

/** The full-text index; its other columns differ by engine. */
export interface ChunkWordsTable {
  rowid: number;
}

export interface DataTables extends CoreTables {
  data_documents: DocumentRowsTable;
  data_blobs: BlobsTable;
  data_chunks: ChunksTable;
  data_vectors: VectorsTable;
  data_chunk_words: ChunkWordsTable;
}
