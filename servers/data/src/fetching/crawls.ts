import { randomUUID } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import type { JobRow, Jobs } from "@sophia/core/jobs/jobs";
import type { Clock } from "@sophia/core/limits/clock";
import type { Crawler, CrawlRequest, CrawlResult } from "./crawler.ts";

export interface CrawlReport {
  id: string;
  state: JobRow["state"];
  startUrl: string;
  done: number;
  total: number;
  /** What was read; empty until the crawl has ended. */
  result: CrawlResult | undefined;
  error: JobRow["error"];
}

/** Crawls as jobs: they go on after the call that began them, and after a crash from the last page that was read. */
export interface Crawls {
  start(request: CrawlRequest, caller: string): Promise<string>;
  /** @throws AppError not_found, also for the crawl of another caller */
  report(id: string, caller: string): Promise<CrawlReport>;
  /** Resolves when the crawl has ended, or after `forMs`. */
  wait(id: string, options: WaitOptions): Promise<void>;
  /** What was read stays. */
  stop(id: string, caller: string): Promise<void>;
}

interface WaitOptions {
  forMs: number;
  signal: AbortSignal;
  onProgress(progress: { done: number; total: number }): void;
}

const jobKind = "data.crawl_site";
const timeoutMs = 6 * 60 * 60_000;
const pollMs = 250;

export function createCrawls(options: {
  jobs: Pick<Jobs, "define" | "enqueue" | "get" | "abort">;
  crawler: Crawler;
  clock: Clock;
}): Crawls {
  const { jobs, crawler, clock } = options;
  jobs.define<CrawlRequest>(
    jobKind,
    ({ input, signal, step, progress }) => crawler.crawl(input, { signal, step, onPage: progress }),
    { timeoutMs, isLong: true },
  );

  async function find(id: string, caller: string): Promise<JobRow> {
    const row = await jobs.get(id);
    if (row?.kind !== jobKind || row.caller !== caller) {
      throw new AppError("not_found", "There is no such crawl.", { hint: "Start one with crawl_site and a url." });
    }
    return row;
  }

  return {
    async start(request, caller) {
      return (await jobs.enqueue({ kind: jobKind, input: request, idempotencyKey: randomUUID(), caller })).id;
    },
    async report(id, caller) {
      const row = await find(id, caller);
      const request = row.input as CrawlRequest;
      return {
        id,
        state: row.state,
        startUrl: request.startUrl,
        done: row.progress?.done ?? 0,
        total: row.progress?.total ?? request.maxPages,
        // The journal holds what the handler of this kind returned.
        result: row.state === "succeeded" ? (row.result as CrawlResult) : undefined,
        error: row.error,
      };
    },
    async wait(id, { forMs, signal, onProgress }) {
      const endsAt = clock.monotonic() + forMs;
      while (clock.monotonic() < endsAt) {
        const row = await jobs.get(id);
        if (!row || row.finishedAt !== undefined) return;
        if (row.progress) onProgress({ done: row.progress.done, total: row.progress.total ?? row.progress.done });
        await clock.sleep(pollMs, signal);
      }
    },
    async stop(id, caller) {
      await find(id, caller);
      await jobs.abort(id);
    },
  };
}
