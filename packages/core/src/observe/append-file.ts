import { closeSync, fdatasync, ftruncateSync, openSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { createSharedSync } from "./shared-sync.ts";

const syncFile = promisify(fdatasync);

/** A new file of one writer that only ever holds whole appends. */
export interface AppendFile {
  /** All bytes with one system call, or none: what a failed write left behind is cut off again. Throws the disk's error. */
  append(bytes: Buffer): void;
  /** Makes everything appended so far durable. Rejects for ever once the disk has refused. */
  sync(): Promise<void>;
  close(): void;
}

/**
 * Appends are synchronous: into the page cache that costs 2 µs where a trip through the thread pool costs 20, and it
 * survives the death of the process. Only {@link AppendFile.sync} waits for the disk.
 */
export function createAppendFile(path: string): AppendFile {
  const file = openSync(path, "ax", 0o600);
  let goodLength = 0;
  let hasRemains = false;

  function cutRemains(): void {
    if (hasRemains) ftruncateSync(file, goodLength);
    hasRemains = false;
  }

  function append(bytes: Buffer): void {
    cutRemains();
    hasRemains = true;
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
    } catch (thrown) {
      cutRemains();
      throw thrown;
    }
    hasRemains = false;
    goodLength += bytes.length;
  }

  return { append, sync: createSharedSync(() => syncFile(file)), close: () => closeSync(file) };
}
