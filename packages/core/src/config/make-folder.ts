import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { hasErrorCode } from "./start-errors.ts";

/**
 * Makes a folder (mode 0700) and what is missing above it. Not `mkdirSync({recursive: true})`: below a folder that
 * answers ENOENT to every attempt, as /proc does, Node tries for ever. Throws the file system's error.
 */
export function makeFolder(path: string): void {
  try {
    makeOne(path);
  } catch (thrown) {
    const parent = dirname(path);
    if (!hasErrorCode(thrown, "ENOENT") || parent === path) throw thrown;
    makeFolder(parent);
    makeOne(path);
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (thrown) {
    // Not only on EEXIST: a read-only file system answers EROFS even for a folder that is there.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    throw thrown;
  }
}
