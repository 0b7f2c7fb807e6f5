import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, realpath } from "node:fs/promises";
import { TextDecoder } from "node:util";
import { AppError } from "@sophia/core/errors/app-error";
import { isInside } from "./import-scan.ts";

export type TextEncoding = "utf-8" | "utf-16" | "latin-1";

export interface StagedFile {
  bytes: number;
  sha256: string;
  encoding: TextEncoding;
  byteOrderMark: boolean;
  /** Whether the first MiB holds a double quote: tells a file without quotes from one whose quotes come late. */
  quotesEarly: boolean;
}

const blockBytes = 1 << 20;

/**
 * Copies a file out of the user's folder into our own directory, hashing on the way.
 *
 * The engine then reads only the copy: what is fingerprinted is exactly what is imported, whoever writes to the
 * original meanwhile, and the engine needs access to our directory only. The opened file is the one checked: its
 * inode is compared with that of the real path, so a link swapped between check and open is caught.
 */
export async function stageFile(
  path: string,
  root: string,
  target: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<StagedFile> {
  const source = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause: unknown) => {
      throw new AppError("denied", "The file cannot be opened for reading.", { cause });
    },
  );
  try {
    const before = await source.stat();
    const real = await realpath(path);
    const there = await lstat(real);
    if (!before.isFile() || !isInside(real, root) || there.ino !== before.ino || there.dev !== before.dev) {
      throw new AppError("denied", "The file was replaced while it was opened.");
    }
    const copy = await open(target, "wx", 0o600);
    try {
      const staged = await copyAndHash(source, copy, maxBytes, signal);
      const after = await source.stat();
      if (after.size !== staged.bytes || after.mtimeMs !== before.mtimeMs) {
        throw new AppError("unavailable", "The file was written to while it was read.", {
          hint: "Import it again when the writer is done.",
        });
      }
      return staged;
    } finally {
      await copy.close();
    }
  } finally {
    await source.close();
  }
}

async function copyAndHash(
  source: FileHandle,
  copy: FileHandle,
  maxBytes: number,
  signal: AbortSignal,
): Promise<StagedFile> {
  const hash = createHash("sha256");
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const buffer = Buffer.allocUnsafe(blockBytes);
  let bytes = 0;
  let isUtf8 = true;
  let head = Buffer.alloc(0);
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await source.read(buffer, 0, blockBytes);
    if (bytesRead === 0) break;
    const block = buffer.subarray(0, bytesRead);
    if (bytes === 0) head = Buffer.from(block);
    bytes += bytesRead;
    if (bytes > maxBytes)
      throw new AppError("invalid_input", `The file is larger than ${Math.floor(maxBytes / 1e6)} MB.`, {
        hint: "Raise SOPHIA_BI_MAX_FILE_MB, or split the file.",
      });
    hash.update(block);
    isUtf8 &&= isValidUtf8(decoder, block, true);
    await copy.write(block);
  }
  isUtf8 &&= isValidUtf8(decoder, Buffer.alloc(0), false);
  const utf16 = head.length >= 2 && (head.readUInt16BE(0) === 0xfffe || head.readUInt16BE(0) === 0xfeff);
  return {
    bytes,
    sha256: hash.digest("hex"),
    encoding: utf16 ? "utf-16" : isUtf8 ? "utf-8" : "latin-1",
    byteOrderMark: utf16 || head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])),
    quotesEarly: head.includes(0x22),
  };
}

function isValidUtf8(decoder: TextDecoder, block: Buffer, stream: boolean): boolean {
  try {
    decoder.decode(block, { stream });
    return true;
  } catch {
    // A fatal decoder throws on the first invalid sequence: that is the answer.
    return false;
  }
}
