import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

const maxFileBytes = 10 * 1024 * 1024;

export interface ServerLog {
  /** Where the files are; `undefined` when the log goes to stderr. */
  folder: string | undefined;
  write(id: string, chunk: Buffer): void;
}

/** The servers' own log lines: on a terminal they go to files (two of 10 MiB for each server), else to stderr. */
export function createServerLog(options: { interactive: boolean; dataDir: string }): ServerLog {
  if (!options.interactive) return { folder: undefined, write: (_id, chunk) => void process.stderr.write(chunk) };
  const folder = join(options.dataDir, "logs");
  const bytes = new Map<string, number>();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    folder,
    write(id, chunk) {
      const file = join(folder, `${id}.log`);
      const size = (bytes.get(id) ?? statSync(file, { throwIfNoEntry: false })?.size ?? 0) + chunk.length;
      try {
        if (size > maxFileBytes) renameSync(file, `${file}.1`);
        appendFileSync(file, chunk, { mode: 0o600 });
      } catch {
        // A full disk must not stop the servers; what they do is in the audit.
      }
      bytes.set(id, size > maxFileBytes ? chunk.length : size);
    },
  };
}
