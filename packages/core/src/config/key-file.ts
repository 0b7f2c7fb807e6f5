import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";

/**
 * The bytes of a key file, made with mode 0600 when there is none. Of several processes that start at once exactly
 * one makes it: the finished file is linked into place, so nobody ever reads half a key.
 */
export function ensureKeyFile(path: string, create: () => Buffer | string): Buffer {
  const existing = readIfPresent(path);
  if (existing) return existing;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
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

function hasErrorCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === code;
}
