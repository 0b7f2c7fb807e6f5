import type { Http } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import type { Clock } from "@sophia/core/limits/clock";
import { policyOf } from "./operations.ts";
import { readEnd } from "./read-end.ts";
import { type ApifyRun, toRun } from "./run.ts";
import { type ApifyRunStatus, RunList, RunReply } from "./schemas.ts";
import { type ApifyRunCost, getRun, settleCost, waitForRun } from "./wait-for-run.ts";
import { type ApifyRunSearch, type ApifyRunStart, type ApifyStartOutcome, findRun, startRun } from "./start-run.ts";

export interface ApifyRuns {
  startRun(start: ApifyRunStart, signal: AbortSignal): Promise<ApifyStartOutcome>;
  findRun(wanted: ApifyRunSearch, signal: AbortSignal): Promise<ApifyRun | undefined>;
  getRun(id: string, signal: AbortSignal): Promise<ApifyRun>;
  /** Resolves when the run has ended or `waitMs` have passed, whichever is first: look at `isFinal`. */
  waitForRun(id: string, options: { waitMs: number; signal: AbortSignal }): Promise<ApifyRun>;
  /** `gracefully`: the Actor may tidy up for 30 s. Harmless for a run that has ended. */
  abortRun(id: string, options: { gracefully?: boolean; signal: AbortSignal }): Promise<ApifyRun>;
  /** Newest first. */
  listRuns(page: ApifyRunPage, signal: AbortSignal): Promise<{ total: number; runs: ApifyRun[] }>;
  /** The end of the log, at most `maxBytes`. The Actor's own words: untrusted. */
  readLog(id: string, options: { maxBytes: number; signal: AbortSignal }): Promise<{ text: string; isCut: boolean }>;
  /** What an ended run came to: waits until the vendor's figure is settled, 10 s after the end. */
  settleCost(run: ApifyRun, signal: AbortSignal): Promise<ApifyRunCost>;
}

export interface ApifyRunPage {
  offset?: number;
  /** At most 1,000. */
  limit: number;
  /** Of one Actor. */
  actor?: string;
  status?: ApifyRunStatus;
}

const longestLogBytes = 64 * 1024 * 1024;

/** https://docs.apify.com/api/v2/actor-runs */
export function createRuns(http: Http, clock: Clock): ApifyRuns {
  return {
    startRun: (start, signal) => startRun(http, clock, start, signal),
    findRun: (wanted, signal) => findRun(http, wanted, signal),
    getRun: (id, signal) => getRun(http, clock, { id, signal }),
    waitForRun: (id, options) => waitForRun(http, clock, { id, ...options }),
    async abortRun(id, { gracefully, signal }) {
      const request = { ...policyOf("abort_run"), method: "POST", path: apiPath`/actor-runs/${id}/abort` } as const;
      return toRun((await http.request({ ...request, query: { gracefully }, schema: RunReply, signal })).data.data);
    },
    async listRuns({ offset, limit, actor, status }, signal) {
      const path = actor === undefined ? "/actor-runs" : apiPath`/actors/${actor}/runs`;
      const request = { ...policyOf("list_runs"), path, query: { desc: true, offset, limit, status }, signal };
      const { total, items } = (await http.request({ ...request, schema: RunList })).data.data;
      return { total, runs: items.map(toRun) };
    },
    async readLog(id, { maxBytes, signal }) {
      const stream = await http.stream({
        ...policyOf("read_log"),
        path: apiPath`/logs/${id}`,
        maxBytes: longestLogBytes,
        signal,
      });
      return await readEnd(stream.body, maxBytes);
    },
    settleCost: (run, signal) => settleCost(http, clock, { run, signal }),
  };
}
