import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { AppError } from "@sophia/core/errors/app-error";
import type { BlobCodec } from "./blob-tables.ts";

export interface PackedBlob {
  sha256: Uint8Array;
  codec: BlobCodec;
  rawLength: number;
  bytes: Uint8Array;
}

/** By `pnpm bench storage`. Above 17 a page takes twice the time for a hundredth; a text gains nothing above 9. */
const levels = { page: 17, text: 9 };
const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** In a thread of its own, so before the transaction that keeps it. */
export async function packBlob(content: Uint8Array, kind: keyof typeof levels): Promise<PackedBlob> {
  const sha256 = createHash("sha256").update(content).digest();
  const packed = await compress(content, { params: { [constants.ZSTD_c_compressionLevel]: levels[kind] } });
  const isSmaller = packed.length < content.length;
  return {
    sha256,
    codec: isSmaller ? "zstd" : "raw",
    rawLength: content.length,
    bytes: isSmaller ? packed : content,
  };
}

/** Throws AppError `internal` when the bytes are not what was packed: a damaged store, never served as content. */
export async function unpackBlob(blob: PackedBlob): Promise<Buffer> {
  let content: Buffer | undefined;
  try {
    content = blob.codec === "raw" ? Buffer.from(blob.bytes) : await unpack(blob);
  } catch {
    // Said below.
  }
  if (content && createHash("sha256").update(content).digest().equals(blob.sha256)) return content;
  throw new AppError("internal", "Kept content is damaged: it does not match its checksum.", {
    hint: "Read the page again, or restore a backup of the store.",
  });
}

async function unpack({ bytes, rawLength }: PackedBlob): Promise<Buffer> {
  return await decompress(bytes, { maxOutputLength: Math.max(1, rawLength) });
}
