import type { Jobs } from "@sophia/core/jobs/jobs";
import type { Store } from "@sophia/core/store/store";
import { runCollection, type RunCollectionParts } from "./run-collection.ts";
import type { CollectionRow, CollectionTables } from "./tables.ts";

/** The jobs that work on a collection, one after the other. */
export interface CollectionJobs {
  /** Works on it when the job `after` has ended. */
  enqueue(collection: Pick<CollectionRow, "id" | "run" | "caller">, after: string | null): Promise<void>;
  /** Ends what works on it. */
  abort(id: string, caller: string): Promise<void>;
  /** Looks every few minutes for collections that run and have nobody: a crash between two writes left them. */
  watchOver(): Promise<void>;
}

export interface CollectionJobsOptions extends RunCollectionParts {
  store: Store<CollectionTables>;
  jobs: Pick<Jobs, "define" | "enqueue" | "get" | "list" | "abort" | "schedule">;
}

interface JobInput {
  id: string;
  /** A job of the same collection that must have ended first: no item is in two hands. */
  after: string | null;
}

const jobKind = "data.collect";
const watchKind = "data.watch_collections";
const mostHours = 25;
const pollMs = 250;
const jobsLookedAt = 1_000;

/** Before `jobs.start()`: it defines its job. */
export function createCollectionJobs(options: CollectionJobsOptions): CollectionJobs {
  const { store, jobs, clock } = options;

  async function waitForEnd(jobId: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const job = await jobs.get(jobId);
      if (!job || job.finishedAt !== undefined) return;
      // One that does not run yet is not waited for: it might never get the place that this one takes.
      if (job.state === "queued") await jobs.abort(jobId);
      else await clock.sleep(pollMs, signal);
    }
  }

  jobs.define<JobInput>(
    jobKind,
    async ({ input, signal, progress }) => {
      if (input.after !== null) await waitForEnd(input.after, signal);
      await runCollection(options, input.id, { signal, progress });
      return {};
    },
    // Each SIGKILL is a run more, and none of them must be the last.
    { timeoutMs: mostHours * 60 * 60_000, maxAttempts: 1_000, isLong: true },
  );

  async function enqueue(
    { id, run, caller }: Pick<CollectionRow, "id" | "run" | "caller">,
    after: string | null,
  ): Promise<void> {
    const input: JobInput = { id, after };
    const job = await jobs.enqueue({ kind: jobKind, input, idempotencyKey: `${id}:${run}:${after ?? ""}`, caller });
    await store.db.updateTable("data_collections").set({ job_id: job.id, run }).where("id", "=", id).execute();
  }

  jobs.define(watchKind, async () => {
    const rows = await store.db.selectFrom("data_collections").selectAll().where("state", "=", "running").execute();
    let found = 0;
    for (const row of rows) {
      const job = row.job_id === null ? undefined : await jobs.get(row.job_id);
      if (job && job.finishedAt === undefined) continue;
      await enqueue(job ? { ...row, run: row.run + 1 } : row, null);
      found += 1;
    }
    return { found };
  });

  return {
    enqueue,
    watchOver: () => jobs.schedule({ name: watchKind, cron: "*/5 * * * *", kind: watchKind, input: {} }),
    async abort(id, caller) {
      for (const state of ["queued", "running"] as const) {
        for (const job of await jobs.list({ kind: jobKind, caller, state, limit: jobsLookedAt })) {
          // The journal holds what was enqueued for this kind.
          if ((job.input as JobInput).id === id) await jobs.abort(job.id);
        }
      }
    },
  };
}
