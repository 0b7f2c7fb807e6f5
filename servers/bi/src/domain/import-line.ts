import { AppError } from "@sophia/core/errors/app-error";
import type { Logger } from "pino";
import { ChildWorker } from "./child-worker.ts";

export interface ImportLine {
  /** Runs `work` with an import process when all before it are done. The signal aborts with the caller's or at close. */
  inTurn<Result>(
    signal: AbortSignal,
    work: (importer: ChildWorker, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result>;
  close(): Promise<void>;
}

const maxWaiting = 4;
/** What a process may use beyond DuckDB's limit: Node, CSV buffers, one large JSON object. */
const headroomBytes = 768 << 20;

/** Imports one after the other, few waiting. The process lives for one run: between imports it would only hold memory. */
export function createImportLine(options: { memoryMb: number; log: Logger }): ImportLine {
  const closing = new AbortController();
  let current: ChildWorker | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  function createImporter(): ChildWorker {
    return new ChildWorker({
      entry: new URL("./import-child.ts", import.meta.url),
      maxRssBytes: (options.memoryMb << 20) + headroomBytes,
      log: options.log,
    });
  }

  return {
    async inTurn(signal, work) {
      if (closing.signal.aborted) throw new AppError("unavailable", "The warehouse is shutting down.");
      if (waiting >= maxWaiting) {
        const hint = "Wait for one to finish; list_imports shows them.";
        throw new AppError("rate_limited", "Too many imports are waiting.", { hint, retryAfterMs: 10_000 });
      }
      waiting++;
      const either = AbortSignal.any([signal, closing.signal]);
      const turn = last.then(async () => {
        either.throwIfAborted();
        current = createImporter();
        try {
          return await work(current, either);
        } finally {
          current.close();
          current = undefined;
        }
      });
      last = turn.catch(() => undefined);
      return await turn.finally(() => waiting--);
    },
    async close() {
      closing.abort(new AppError("unavailable", "The warehouse is shutting down."));
      current?.close();
      await last;
    },
  };
}
