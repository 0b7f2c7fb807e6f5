import type { Generated } from "kysely";

/** Content kept once however many documents have it. */
export interface BlobsTable {
  id: Generated<number>;
  /** Of the content before it was packed: 32 bytes. */
  sha256: Uint8Array;
  codec: BlobCodec;
  /** Bytes before packing. */
  raw_length: number;
  bytes: Uint8Array;
  /** How many columns of documents point here. At 0 the row is gone. */
  uses: number;
}

/** `raw`: packing made it no smaller. */
export type BlobCodec = "zstd" | "raw";
