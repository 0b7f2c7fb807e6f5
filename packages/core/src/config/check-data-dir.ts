import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { toFileError } from "./start-errors.ts";

/** What core keeps in the data directory; servers have folders of their own beside these. */
const expected: readonly { name: string; kind: "folder" | "file" }[] = [
  { name: "audit", kind: "folder" },
  { name: "backups", kind: "folder" },
  { name: "locks", kind: "folder" },
  { name: "logs", kind: "folder" },
  { name: "caller-token", kind: "file" },
  { name: "plan-key", kind: "file" },
  { name: "sophia.db", kind: "file" },
];

/**
 * Looks at what earlier starts left in the data directory, without touching it. Throws AppError `not_configured` for
 * what cannot be used: another user's, or a file where a folder belongs.
 */
export function checkDataDir(dataDir: string): void {
  checkEntry(dataDir, "folder");
  for (const { name, kind } of expected) checkEntry(join(dataDir, name), kind);
}

function checkEntry(path: string, kind: "folder" | "file"): void {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.isDirectory() !== (kind === "folder")) throw wrongKind(kind);
    accessSync(path, constants.R_OK | constants.W_OK | (kind === "folder" ? constants.X_OK : 0));
  } catch (thrown) {
    throw toFileError(thrown, path);
  }
}

function wrongKind(wanted: "folder" | "file"): Error {
  return Object.assign(new Error(`not a ${wanted}`), { code: wanted === "folder" ? "ENOTDIR" : "EISDIR" });
}
