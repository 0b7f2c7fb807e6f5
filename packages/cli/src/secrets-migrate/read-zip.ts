import { inflateRawSync } from "node:zlib";
import { AppError } from "@sophia/core/errors/app-error";

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const localHeader = 0x04034b50;
const maximumFiles = 1_000;
const maximumBytes = 64 * 1024 * 1024;

/**
 * The files of a zip archive, by name, as GitHub makes them of artifacts: stored or deflated, not encrypted, below 4 GiB.
 * Throws AppError `invalid_input` for anything else. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function readZip(archive: Buffer): ReadonlyMap<string, Buffer> {
  try {
    return readFiles(archive);
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw unreadable(thrown);
  }
}

export function isZip(bytes: Buffer): boolean {
  return bytes.length > 4 && (bytes.readUInt32LE(0) === localHeader || bytes.readUInt32LE(0) === endOfDirectory);
}

function readFiles(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0) throw unreadable();
  const count = archive.readUInt16LE(end + 10);
  if (count > maximumFiles) throw unreadable();
  const files = new Map<string, Buffer>();
  let at = archive.readUInt32LE(end + 16);
  let total = 0;
  for (let index = 0; index < count; index++) {
    if (archive.readUInt32LE(at) !== directoryEntry) throw unreadable();
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString("utf8", at + 46, at + 46 + nameLength);
    const content = readEntry(archive, at);
    total += content.length;
    if (total > maximumBytes) throw unreadable();
    if (!name.endsWith("/")) files.set(name, content);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return files;
}

/** Sizes come from the directory: a local header that was written while streaming has none. */
function readEntry(archive: Buffer, at: number): Buffer {
  const method = archive.readUInt16LE(at + 10);
  const packedSize = archive.readUInt32LE(at + 20);
  const size = archive.readUInt32LE(at + 24);
  const start = archive.readUInt32LE(at + 42);
  const isEncrypted = (archive.readUInt16LE(at + 8) & 1) === 1;
  if (isEncrypted || archive.readUInt32LE(start) !== localHeader || size > maximumBytes) throw unreadable();
  const data = start + 30 + archive.readUInt16LE(start + 26) + archive.readUInt16LE(start + 28);
  const packed = archive.subarray(data, data + packedSize);
  if (packed.length !== packedSize) throw unreadable();
  const content =
    method === 0 ? packed : method === 8 ? inflateRawSync(packed, { maxOutputLength: maximumBytes }) : undefined;
  if (content?.length !== size) throw unreadable();
  return content;
}

function unreadable(cause?: unknown): AppError {
  return new AppError("invalid_input", "This zip archive cannot be read.", {
    hint: "Download the artifact again, or give the json file inside it.",
    cause,
  });
}
