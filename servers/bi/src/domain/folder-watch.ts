import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import type { ImportPreview, Imports } from "./imports.ts";

/** Brings the warehouse up to date before a question is answered. */
export interface Freshness {
  /**
   * Looks whether files of the folder changed and imports them. Waits for the import only briefly: a question is
   * answered from the old table while a long import runs, and the note says so.
   */
  refresh(): Promise<string[]>;
}

export interface FolderWatch extends Freshness {
  close(): void;
}

const lookEveryMs = 2_000;
const waitForImportMs = 1_000;

export function createFolderWatch(options: {
  folder: string;
  imports: Imports;
  clock: Clock;
  log: Logger;
}): FolderWatch {
  const { clock, imports, log } = options;
  const closing = new AbortController();
  /** Files that could not be imported, as they were: not tried again until they change. */
  const given = new Set<string>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  let startedAt = 0;
  let notes: string[] = [];

  async function look(): Promise<void> {
    lookedAt = clock.monotonic();
    const preview = await imports.preview(options.folder);
    const pending = preview.files.filter((file) => file.state !== "unchanged" && !given.has(keyOf(file)));
    if (pending.length === 0 || running) return;
    startedAt = clock.monotonic();
    running = importAgain(pending)
      .catch((error: unknown) => log.warn({ err: error }, "The import folder could not be imported"))
      .finally(() => {
        running = undefined;
      });
  }

  async function importAgain(pending: ImportPreview["files"]): Promise<void> {
    const run = await imports.run(options.folder, { signal: closing.signal, progress: () => undefined });
    const failed = run.outcomes.filter((outcome) => outcome.result === "failed");
    const failedSources = new Set(failed.map((outcome) => outcome.source));
    for (const file of pending) if (failedSources.has(file.source)) given.add(keyOf(file));
    notes =
      failed.length === 0
        ? []
        : [`${failed.length} files of the import folder could not be imported: list_imports says why.`];
  }

  async function waitAtMost(work: Promise<void>, ms: number): Promise<void> {
    const wait = new AbortController();
    await Promise.race([work, clock.sleep(ms, wait.signal).catch(() => undefined)]);
    wait.abort();
  }

  const isImporting = (): boolean => running !== undefined;

  return {
    async refresh() {
      if (closing.signal.aborted) return [];
      if (clock.monotonic() - lookedAt >= lookEveryMs && !running) {
        try {
          await look();
        } catch (error) {
          log.warn({ err: error }, "The import folder could not be read");
          notes = ["The import folder cannot be read: answers come from what was imported before."];
        }
      }
      if (!running) return notes;
      const leftMs = startedAt + waitForImportMs - clock.monotonic();
      if (leftMs > 0) await waitAtMost(running, leftMs);
      return isImporting()
        ? [...notes, "Files of the import folder changed and are being imported: this answer may be from before."]
        : notes;
    },
    close: () => closing.abort(),
  };
}

function keyOf(file: ImportPreview["files"][number]): string {
  return `${file.source}\0${file.bytes}\0${file.modifiedAt}`;
}
