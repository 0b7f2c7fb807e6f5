import type { Logger } from "pino";
import { AppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { CoreTables } from "../store/core-tables.ts";
import { pruneStore } from "../store/prune.ts";
import type { Store } from "../store/store.ts";
import { beat, claimDue, type JobOutcome, type JournalRow, takeOver, writeOutcome } from "./job-journal.ts";
import { type ActiveRun, type JobDefinition, startRun, toFailure } from "./job-run.ts";
import { createLeaseOwner, isOwnerGone, type LeaseOwner } from "./lease-owner.ts";
import { createOutageLog, type OutageLog } from "./outage-log.ts";
import { createScheduleRunner } from "./schedules.ts";

export interface JobWorkerOptions {
  store: Store<CoreTables>;
  clock: Clock;
  log: Logger;
  definitions: ReadonlyMap<string, JobDefinition>;
  concurrency: number;
  leaseMs: number;
  pollMs: number;
}

export interface JobWorker {
  start(): void;
  stop(graceMs: number): Promise<void>;
  /** Look for work now instead of at the next poll. */
  wake(): void;
  /** Aborts the job's run if it is here. */
  interrupt(id: string): void;
}

/** The wall clock is looked at this often at the latest, whatever timers do while a machine sleeps. */
const maxPollMs = 30_000;
const pruneEveryMs = 60 * 60_000;
const stopUnwindMs = 1_000;
const progressEveryMs = 1_000;

interface WorkerState extends JobWorkerOptions {
  owner: LeaseOwner;
  active: Map<string, ActiveRun>;
  /** Sign of life last seen on each foreign lease, and when, on this process's monotonic clock. */
  observed: Map<string, { beat: string; seenAt: number }>;
  prunedAt: number;
  fireSchedules(now: number): Promise<void>;
  journal: OutageLog;
  signsOfLife: OutageLog;
}

function createState(options: JobWorkerOptions): WorkerState {
  const { clock, log } = options;
  const journal = {
    failing: "The job journal could not be read or written; trying again.",
    working: "The job journal works again.",
  };
  const signsOfLife = {
    failing: "A job's sign of life could not be written.",
    working: "Signs of life of jobs are written again.",
  };
  return {
    ...options,
    owner: createLeaseOwner(),
    active: new Map(),
    observed: new Map(),
    prunedAt: -Infinity,
    fireSchedules: createScheduleRunner(options.store, log),
    journal: createOutageLog({ log, clock, ...journal }),
    signsOfLife: createOutageLog({ log, clock, ...signsOfLife }),
  };
}

export function createJobWorker(options: JobWorkerOptions): JobWorker {
  const { clock } = options;
  const stopping = new AbortController();
  const state = createState(options);
  const ended = new AbortController();
  let working: Promise<void> | undefined;
  let beating: Promise<void> | undefined;
  let woken = Promise.withResolvers<void>();

  const wake = () => woken.resolve();
  async function pause(ms: number): Promise<void> {
    const enough = new AbortController();
    const signal = AbortSignal.any([stopping.signal, enough.signal]);
    await Promise.race([sleepQuietly(clock, ms, signal), woken.promise]);
    enough.abort();
    woken = Promise.withResolvers();
  }

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      await tickSafely(state, wake);
      await pause(Math.min(options.pollMs, maxPollMs));
    }
  }

  async function keepAlive(): Promise<void> {
    while (!ended.signal.aborted) {
      const restMs = state.active.size > 0 ? Math.min(options.leaseMs / 3, progressEveryMs) : options.leaseMs / 3;
      await sleepQuietly(clock, restMs, ended.signal);
      // Not awaited: a store that does not answer must not keep the other runs from noticing.
      for (const run of state.active.values()) void beatOne(state, run);
    }
  }

  return {
    wake,
    start() {
      working ??= work();
      beating ??= keepAlive();
    },
    interrupt: (id) => state.active.get(id)?.interrupt("aborted"),
    async stop(graceMs) {
      stopping.abort();
      await working;
      await settleActive(state, graceMs);
      for (const run of state.active.values()) run.interrupt("stopping");
      await settleActive(state, stopUnwindMs);
      // Whoever ignores the signal keeps its lease until it runs out: another process must not start beside it at once.
      if (state.active.size === 0) state.owner.retire();
      ended.abort();
      await beating;
    },
  };
}

async function settleActive(state: WorkerState, ms: number): Promise<void> {
  if (state.active.size === 0) return;
  const enough = new AbortController();
  const all = Promise.all([...state.active.values()].map((run) => run.done));
  await Promise.race([all, sleepQuietly(state.clock, ms, enough.signal)]);
  enough.abort();
}

async function sleepQuietly(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

/** A store that is away for a while must not end the loop; the journal waits in it. */
async function tickSafely(state: WorkerState, wake: () => void): Promise<void> {
  try {
    await tick(state, wake);
    state.journal.works();
  } catch (error) {
    state.journal.failed(error);
  }
}

async function tick(state: WorkerState, wake: () => void): Promise<void> {
  const { store, clock, definitions } = state;
  await state.fireSchedules(clock.now());
  if (clock.monotonic() - state.prunedAt >= pruneEveryMs) await prune(state);
  const kinds = [...definitions.keys()];
  if (kinds.length === 0) return;
  for (const row of await findStale(state, kinds)) {
    if (state.active.size >= state.concurrency) return;
    const taken = await recover(state, row);
    if (taken) begin(state, taken, wake);
  }
  const isLong = (kind: string): boolean => definitions.get(kind)?.isLong === true;
  const long = [...state.active.values()].filter(({ kind }) => isLong(kind)).length;
  const shares = [
    { kinds, most: Math.max(1, state.concurrency - 1) - long },
    { kinds: kinds.filter((kind) => !isLong(kind)), most: state.concurrency },
  ];
  for (const share of shares) {
    const limit = Math.min(share.most, state.concurrency - state.active.size);
    if (limit <= 0 || share.kinds.length === 0) continue;
    const claimed = await claimDue(store, clock, { kinds: share.kinds, limit, owner: state.owner.id });
    for (const row of claimed) begin(state, row, wake);
  }
}

function begin(state: WorkerState, row: JournalRow, wake: () => void): void {
  const definition = state.definitions.get(row.kind);
  if (!definition) throw new AppError("internal", `No handler for the job kind ${row.kind}.`);
  const { store, clock, log } = state;
  const run = startRun({ store, clock, log, row, definition });
  state.active.set(row.id, run);
  void run.done.then(() => {
    if (state.active.get(row.id) === run) state.active.delete(row.id);
    wake();
  });
}

/** Leases whose holder is dead, or has given no sign of life for leaseMs of our own monotonic time: no clock is compared. */
async function findStale(state: WorkerState, kinds: readonly string[]): Promise<JournalRow[]> {
  const rows = await state.store.db
    .selectFrom("jobs")
    .selectAll()
    .where("state", "=", "running")
    .where("kind", "in", kinds)
    .execute();
  const now = state.clock.monotonic();
  const foreign = rows.filter((row) => state.active.get(row.id)?.lease.fencingToken !== row.fencing_token);
  const before = new Map(state.observed);
  state.observed.clear();
  return foreign.filter((row) => {
    const sign = `${row.fencing_token}/${row.lease_beat}`;
    const seen = before.get(row.id);
    const seenAt = seen?.beat === sign ? seen.seenAt : now;
    state.observed.set(row.id, { beat: sign, seenAt });
    return now - seenAt >= state.leaseMs || (row.lease_owner !== null && isOwnerGone(row.lease_owner));
  });
}

/** Takes a stale lease over, or ends its job where it must not run again. */
async function recover(state: WorkerState, row: JournalRow): Promise<JournalRow | undefined> {
  const now = state.clock.now();
  return await state.store.transaction(async (tx) => {
    const current = await tx
      .selectFrom("jobs")
      .select(["fencing_token", "lease_beat", "state"])
      .where("id", "=", row.id)
      .$if(state.store.engine === "postgres", (query) => query.forUpdate())
      .executeTakeFirst();
    const unchanged = current?.fencing_token === row.fencing_token && current.lease_beat === row.lease_beat;
    if (!unchanged || current.state !== "running") return undefined;
    const end = endWithoutRun(state, row);
    if (!end) return await takeOver(tx, { id: row.id, owner: state.owner.id, now });
    await writeOutcome(tx, { id: row.id, fencingToken: row.fencing_token }, end, { now });
    return undefined;
  });
}

function endWithoutRun(state: WorkerState, row: JournalRow): JobOutcome | undefined {
  const definition = state.definitions.get(row.kind);
  if (definition?.repeatable === false) {
    const error = new AppError(
      "unavailable",
      "The process died during the job; whether it had its effect is unknown.",
      {
        hint: "Look at the outside system, then start a new job if it is still needed.",
      },
    );
    return { state: "unknown", failure: toFailure(error) };
  }
  if (row.abort_requested === 1) {
    return { state: "aborted", failure: { kind: "denied", message: "The job was aborted." } };
  }
  if (definition && row.attempt >= definition.maxAttempts) {
    const message = `The job was interrupted ${row.attempt} times and is not tried again.`;
    return { state: "failed", failure: { kind: "unavailable", message } };
  }
  return undefined;
}

/** Keeps a run's lease alive, and stops the run in time when that cannot be done: somebody else may take it over then. */
async function beatOne(state: WorkerState, run: ActiveRun): Promise<void> {
  const now = state.clock.monotonic();
  // One failed try is needed: after a long pause of this process the lease may still be ours.
  if (run.beatTriedAt > run.beatAt && now - run.beatAt >= (state.leaseMs * 2) / 3) run.interrupt("lost");
  const progress = run.takeProgress();
  if (progress === undefined && now - run.beatAt < state.leaseMs / 3) return;
  run.beatTriedAt = now;
  try {
    const alive = await beat(state.store, run.lease, progress);
    if (!alive) run.interrupt("lost");
    else if (alive.abortRequested) run.interrupt("aborted");
    run.beatAt = now;
    state.signsOfLife.works();
  } catch (error) {
    state.signsOfLife.failed(error, { job: run.lease.id });
  }
}

/** In every process that may run jobs, which is every server: the store is small work for whoever comes first. */
async function prune(state: WorkerState): Promise<void> {
  // First, so that a failure costs the jobs one turn in an hour.
  state.prunedAt = state.clock.monotonic();
  const mayBeMore = await pruneStore(state.store, state.clock.now());
  if (mayBeMore) state.prunedAt = -Infinity;
}
