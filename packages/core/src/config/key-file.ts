import { linkSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { AppError } from "../errors/app-error.ts";
import { makeFolder } from "./make-folder.ts";
import { hasErrorCode, toFileError } from "./start-errors.ts";

/** Half a key is as bad as none: what it seals, anybody could seal. */
const minimumBytes = 16;

/**
 * The bytes of a key file, made with mode 0600 when there is none. Of several processes that start at once exactly
 * one makes it: the finished file is linked into place, so nobody ever reads half a key. Throws AppError
 * `not_configured` when the file cannot be used or its content was lost.
 */
export function ensureKeyFile(path: string, create: () => Buffer | string): Buffer {
  const key = readOrMake(path, create);
  if (key.length >= minimumBytes) return key;
  throw new AppError("not_configured", `The key file ${path} is empty or cut off.`, {
    hint: "Put a copy of it back, or delete it: the next start makes a new one.",
  });
}

function readOrMake(path: string, create: () => Buffer | string): Buffer {
  try {
    return readIfPresent(path) ?? make(path, create);
  } catch (thrown) {
    throw toFileError(thrown, path);
  }
}

function make(path: string, create: () => Buffer | string): Buffer {
  makeFolder(dirname(path));
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  writeFileSync(draft, create(), { mode: 0o600, flag: "wx", flush: true });
  try {
    linkSync(draft, path);
  } catch (thrown) {
    if (!hasErrorCode(thrown, "EEXIST")) throw thrown;
  } finally {
    unlinkSync(draft);
  }
  return readFileSync(path);
}

function readIfPresent(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (thrown) {
    if (hasErrorCode(thrown, "ENOENT")) return undefined;
    throw thrown;
  }
}
