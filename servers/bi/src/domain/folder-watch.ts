import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import type { ImportPreview, Imports } from "./imports.ts";

/** Brings the warehouse up to date before a question is answered. */
export interface Freshness {
  /**
   * Looks whether files of the folder changed and imports them. Waits for the import only briefly: a question is
   * answered from the old table while a long import runs, and the note says so.
   */
  refresh(): Promise<FreshnessNotes>;
}

interface FreshnessNotes {
  /** Why an answer may be from before. */
  stale: string[];
  /** What could not be imported. No part of an answer: told where the tables are described. */
  missing: string[];
}

export interface FolderWatch extends Freshness {
  close(): void;
}

const lookEveryMs = 2_000;
const waitForImportMs = 1_000;

interface FolderWatchOptions {
  folder: string;
  imports: Imports;
  clock: Clock;
  log: Logger;
}

export function createFolderWatch(options: FolderWatchOptions): FolderWatch {
  const { clock, log } = options;
  const closing = new AbortController();
  /** Files that could not be imported, as they were: not tried again until they change. */
  const failing = new Set<string>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let running: { done: Promise<void>; startedAt: number } | undefined;
  let seen: ImportPreview["files"] = [];
  let isReadable = true;

  async function look(): Promise<void> {
    lookedAt = clock.monotonic();
    seen = (await options.imports.preview(options.folder)).files;
    const pending = seen.filter((file) => file.state !== "unchanged" && !failing.has(keyOf(file)));
    if (pending.length === 0 || running) return;
    const done = importFiles(options, pending, closing.signal)
      .then((failed) => failed.forEach((file) => failing.add(keyOf(file))))
      .catch((error: unknown) => log.warn({ err: error }, "The import folder could not be imported"))
      .finally(() => {
        running = undefined;
      });
    running = { done, startedAt: clock.monotonic() };
  }

  const current = (): typeof running => running;

  function tell(): FreshnessNotes {
    const failed = seen.filter((file) => failing.has(keyOf(file))).length;
    const files = failed === 1 ? "1 file" : `${failed} files`;
    return {
      stale: [...(isReadable ? [] : [unreadableNote]), ...(running ? [importingNote] : [])],
      missing: failed === 0 ? [] : [`${files} of the import folder could not be imported: list_imports says why.`],
    };
  }

  return {
    async refresh() {
      if (closing.signal.aborted) return { stale: [], missing: [] };
      if (clock.monotonic() - lookedAt >= lookEveryMs && !running) {
        try {
          await look();
          isReadable = true;
        } catch (error) {
          log.warn({ err: error }, "The import folder could not be read");
          isReadable = false;
        }
      }
      const importing = current();
      if (importing) await waitAtMost(importing.done, importing.startedAt + waitForImportMs - clock.monotonic(), clock);
      return tell();
    },
    close: () => closing.abort(),
  };
}

const unreadableNote = "The import folder cannot be read: answers come from what was imported before.";
const importingNote = "Files of the import folder changed and are being imported: this answer may be from before.";

/** Returns which of the pending files failed. */
async function importFiles(
  { imports, folder }: FolderWatchOptions,
  pending: ImportPreview["files"],
  signal: AbortSignal,
): Promise<ImportPreview["files"]> {
  const run = await imports.run(folder, { signal, progress: () => undefined });
  const failed = new Set(
    run.outcomes.filter((outcome) => outcome.result === "failed").map((outcome) => outcome.source),
  );
  return pending.filter((file) => failed.has(file.source));
}

async function waitAtMost(work: Promise<void>, ms: number, clock: Clock): Promise<void> {
  if (ms <= 0) return;
  const wait = new AbortController();
  await Promise.race([work, clock.sleep(ms, wait.signal).catch(() => undefined)]);
  wait.abort();
}

function keyOf(file: ImportPreview["files"][number]): string {
  return `${file.source}\0${file.bytes}\0${file.modifiedAt}`;
}
