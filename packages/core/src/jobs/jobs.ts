import type { Logger } from "pino";
import { AppError } from "../errors/app-error.ts";
import { type Clock, systemClock } from "../limits/clock.ts";
import type { Progress } from "./progress.ts";
import type { CoreTables, JobState } from "../store/core-tables.ts";
import { narrowStore, type Store } from "../store/store.ts";
import { type JobFailure, type JournalRow, enqueueIn, type NewJob } from "./job-journal.ts";
import type { JobDefinition, JobHandler, JobOptions } from "./job-run.ts";
import { createJobWorker } from "./job-worker.ts";
import { type Schedule, saveSchedule } from "./schedules.ts";

export type { NewJob } from "./job-journal.ts";
export type { JobHandler, JobOptions, JobRun, StepOptions } from "./job-run.ts";
export type { Schedule } from "./schedules.ts";

/** A job as others see it. Times are wall-clock milliseconds. */
export interface JobRow {
  id: string;
  kind: string;
  idempotencyKey: string;
  input: unknown;
  caller: string | undefined;
  state: JobState;
  attempt: number;
  runAt: number;
  progress: Progress | undefined;
  result: unknown;
  error: JobFailure | undefined;
  createdAt: number;
  updatedAt: number;
  finishedAt: number | undefined;
}

export interface JobFilter {
  kind?: string;
  state?: JobState;
  caller?: string;
  /** At most 1,000; default 100. */
  limit?: number;
}

/** Work that outlives a crash. An acknowledged job survives SIGKILL; a finished step is never run again. */
export interface Jobs {
  /** Before `start`. This process runs only the kinds it has defined. */
  define<Input>(kind: string, handler: JobHandler<Input>, options?: JobOptions): void;
  /** Resolves when the job is durable. Throws AppError `invalid_input` when the key was used with another input. */
  enqueue(job: NewJob): Promise<{ id: string; existed: boolean }>;
  schedule(schedule: Schedule): Promise<void>;
  /** Ends a schedule; a job of it that is there already still runs. Nothing happens when there is none. */
  unschedule(name: string): Promise<void>;
  get(id: string): Promise<JobRow | undefined>;
  /** Newest first. */
  list(filter: JobFilter): Promise<JobRow[]>;
  /** A waiting job ends at once, a running one when its handler has reacted. Throws AppError `not_found`. */
  abort(id: string): Promise<void>;
  start(): void;
  /** Takes no new job, gives running ones `graceMs`, then aborts and hands back what is left. */
  stop(graceMs: number): Promise<void>;
}

export interface CreateJobsOptions<Tables extends CoreTables> {
  store: Store<Tables>;
  log: Logger;
  clock?: Clock;
  /** Jobs run at the same time by this process. Default 4. */
  concurrency?: number;
  /** A lease with no sign of life for this long passes on. Default 15 s. */
  leaseMs?: number;
  /** How often to look for work that other processes enqueued. Default 1 s. */
  pollMs?: number;
}

const defaults = { repeatable: true, maxAttempts: 5, timeoutMs: 60 * 60_000, isLong: false };

export function createJobs<Tables extends CoreTables>(options: CreateJobsOptions<Tables>): Jobs {
  const store: Store<CoreTables> = narrowStore(options.store);
  const clock = options.clock ?? systemClock;
  const definitions = new Map<string, JobDefinition>();
  const worker = createJobWorker({
    store,
    clock,
    log: options.log,
    definitions,
    concurrency: options.concurrency ?? 4,
    leaseMs: options.leaseMs ?? 15_000,
    pollMs: options.pollMs ?? 1_000,
  });

  return {
    define(kind, handler, given = {}) {
      if (definitions.has(kind)) throw new AppError("internal", `The job kind ${kind} is defined twice.`);
      // The journal stores inputs as JSON of the type that enqueue was given for this kind.
      definitions.set(kind, { ...defaults, ...given, handler: handler as JobHandler<unknown> });
    },
    async enqueue(job) {
      const added = await store.transaction((tx) => enqueueIn(tx, job, clock.now()));
      worker.wake();
      return added;
    },
    async schedule(schedule) {
      await saveSchedule(store, schedule, clock.now());
      worker.wake();
    },
    async unschedule(name) {
      await store.db.deleteFrom("schedules").where("name", "=", name).execute();
    },
    async get(id) {
      const row = await store.db.selectFrom("jobs").selectAll().where("id", "=", id).executeTakeFirst();
      return row && toJobRow(row);
    },
    list: (filter) => listJobs(store, filter),
    async abort(id) {
      await requestAbort(store, id, clock.now());
      worker.interrupt(id);
    },
    start: () => worker.start(),
    stop: (graceMs) => worker.stop(graceMs),
  };
}

async function listJobs(store: Store<CoreTables>, filter: JobFilter): Promise<JobRow[]> {
  let query = store.db.selectFrom("jobs").selectAll();
  if (filter.kind !== undefined) query = query.where("kind", "=", filter.kind);
  if (filter.state !== undefined) query = query.where("state", "=", filter.state);
  if (filter.caller !== undefined) query = query.where("caller", "=", filter.caller);
  const limit = Math.min(1_000, filter.limit ?? 100);
  const rows = await query.orderBy("created_at", "desc").orderBy("id").limit(limit).execute();
  return rows.map(toJobRow);
}

async function requestAbort(store: Store<CoreTables>, id: string, now: number): Promise<void> {
  const error = JSON.stringify({ kind: "denied", message: "The job was aborted before it ran." });
  const found = await store.transaction(async (tx) => {
    await tx
      .updateTable("jobs")
      .set({ state: "aborted", error, finished_at: now, updated_at: now })
      .where("id", "=", id)
      .where("state", "=", "queued")
      .execute();
    await tx
      .updateTable("jobs")
      .set({ abort_requested: 1, updated_at: now })
      .where("id", "=", id)
      .where("state", "=", "running")
      .execute();
    return await tx.selectFrom("jobs").select("id").where("id", "=", id).executeTakeFirst();
  });
  if (!found) throw new AppError("not_found", "There is no such job.", { hint: "List the jobs to see their ids." });
}

function toJobRow(row: JournalRow): JobRow {
  return {
    id: row.id,
    kind: row.kind,
    idempotencyKey: row.idempotency_key,
    input: JSON.parse(row.input) as unknown,
    caller: row.caller ?? undefined,
    state: row.state,
    attempt: row.attempt,
    runAt: row.run_at,
    progress: row.progress === null ? undefined : (JSON.parse(row.progress) as Progress),
    result: row.result === null ? undefined : (JSON.parse(row.result) as unknown),
    error: row.error === null ? undefined : (JSON.parse(row.error) as JobFailure),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    finishedAt: row.finished_at ?? undefined,
  };
}
