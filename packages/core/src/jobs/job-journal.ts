import { randomUUID } from "node:crypto";
import type { Selectable, SelectQueryBuilder, Transaction } from "kysely";
import { hashCanonical } from "../approval/canonical-hash.ts";
import { AppError, type ErrorKind } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { CoreTables, JobsTable, JobState } from "../store/core-tables.ts";
import type { Engine, Store } from "../store/store.ts";

export type JournalRow = Selectable<JobsTable>;
type Tx = Transaction<CoreTables>;

export interface NewJob {
  kind: string;
  input: unknown;
  /** Unique within its kind. The same key and input give the existing job; another input is refused. */
  idempotencyKey: string;
  /** Wall-clock milliseconds; without it, at once. */
  runAt?: number;
  caller?: string;
}

export interface JobFailure {
  kind: ErrorKind;
  message: string;
  hint?: string;
}

export type JobOutcome =
  | { state: "succeeded"; result: unknown }
  | { state: "failed" | "unknown" | "aborted"; failure: JobFailure }
  | { state: "retry"; failure: JobFailure; delayMs: number }
  | { state: "released" };

const maxQueued = 10_000;
const maxInputChars = 1_000_000;
/** A wall clock this far behind a row's own time has been set back; less is the difference between two machines. */
export const clockToleranceMs = 30_000;

/** Adds a job in the caller's transaction, so that it exists exactly if the rest of that transaction does. */
export async function enqueueIn(tx: Tx, job: NewJob, now: number): Promise<{ id: string; existed: boolean }> {
  const input = JSON.stringify(job.input ?? null);
  if (input.length > maxInputChars) throw new AppError("invalid_input", "A job's input may have 1 million characters.");
  // Equal inputs with their keys in another order are equal.
  const inputHash = hashCanonical(JSON.parse(input));
  const existing = await tx
    .selectFrom("jobs")
    .select(["id", "input_hash"])
    .where("kind", "=", job.kind)
    .where("idempotency_key", "=", job.idempotencyKey)
    .executeTakeFirst();
  if (existing) return matchExisting(existing, inputHash);
  await assertRoom(tx);
  const id = randomUUID();
  const inserted = await tx
    .insertInto("jobs")
    .values({
      id,
      kind: job.kind,
      idempotency_key: job.idempotencyKey,
      input,
      input_hash: inputHash,
      caller: job.caller ?? null,
      state: "queued",
      attempt: 0,
      run_at: job.runAt ?? 0,
      lease_owner: null,
      lease_beat: 0,
      fencing_token: 0,
      abort_requested: 0,
      progress: null,
      result: null,
      error: null,
      created_at: now,
      updated_at: now,
      finished_at: null,
    })
    .onConflict((conflict) => conflict.columns(["kind", "idempotency_key"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  // Another process was faster; on PostgreSQL its row is visible to the next statement.
  return inserted ? { id, existed: false } : enqueueIn(tx, job, now);
}

function matchExisting(row: { id: string; input_hash: string }, inputHash: string): { id: string; existed: boolean } {
  if (row.input_hash === inputHash) return { id: row.id, existed: true };
  throw new AppError("invalid_input", "This idempotency key was used for a job with another input.", {
    hint: "Use a new key for new work; repeat a call with exactly the same input.",
  });
}

async function assertRoom(tx: Tx): Promise<void> {
  const beyond = await tx
    .selectFrom("jobs")
    .select("id")
    .where("state", "=", "queued")
    .orderBy("created_at")
    .limit(1)
    .offset(maxQueued)
    .executeTakeFirst();
  if (!beyond) return;
  throw new AppError("unavailable", `More than ${maxQueued} jobs are waiting.`, {
    hint: "Wait until some have run, or abort those that are not needed.",
    retryAfterMs: 60_000,
  });
}

type JobQuery = SelectQueryBuilder<CoreTables, "jobs", object>;

/** Waiting jobs whose time has come. A retry's delay is relative, so a clock set back must not stretch it. */
export function selectDue(query: JobQuery, kinds: readonly string[], now: number): JobQuery {
  return query
    .where("state", "=", "queued")
    .where("kind", "in", kinds)
    .where((expression) =>
      expression.or([
        expression("run_at", "<=", now),
        expression.and([expression("attempt", ">", 0), expression("updated_at", ">", now + clockToleranceMs)]),
      ]),
    )
    .orderBy("created_at")
    .orderBy("id");
}

export interface ClaimOptions {
  kinds: readonly string[];
  limit: number;
  owner: string;
}

/** Takes waiting jobs for one owner. Two processes never get the same one. */
export async function claimDue(store: Store<CoreTables>, clock: Clock, claim: ClaimOptions): Promise<JournalRow[]> {
  const now = clock.now();
  // Reading first keeps an idle process from taking the write lock each second.
  const due = await selectDue(store.db.selectFrom("jobs"), claim.kinds, now).select("id").limit(1).execute();
  if (due.length === 0) return [];
  return await store.transaction(async (tx) => {
    const query = selectDue(tx.selectFrom("jobs"), claim.kinds, now).select("id").limit(claim.limit);
    const rows = await lockRows(query, store.engine).execute();
    const claimed: JournalRow[] = [];
    for (const row of rows) {
      const taken = await takeOver(tx, { id: row.id, owner: claim.owner, now });
      if (taken) claimed.push(taken);
    }
    return claimed;
  });
}

function lockRows<Query extends SelectQueryBuilder<CoreTables, "jobs", { id: string }>>(query: Query, engine: Engine) {
  return engine === "postgres" ? query.forUpdate().skipLocked() : query;
}

/** A new owner, a new fencing token: whatever the former owner still writes is refused. */
export async function takeOver(
  tx: Tx,
  job: { id: string; owner: string; now: number },
): Promise<JournalRow | undefined> {
  return await tx
    .updateTable("jobs")
    .set((expression) => ({
      state: "running" as const,
      lease_owner: job.owner,
      lease_beat: expression("lease_beat", "+", 1),
      fencing_token: expression("fencing_token", "+", 1),
      attempt: expression("attempt", "+", 1),
      updated_at: job.now,
    }))
    .where("id", "=", job.id)
    .returningAll()
    .executeTakeFirst();
}

export interface Lease {
  id: string;
  fencingToken: number;
}

/** A sign of life. Undefined when the lease has passed to someone else. */
export async function beat(
  store: Store<CoreTables>,
  lease: Lease,
  progress: string | undefined,
): Promise<{ abortRequested: boolean } | undefined> {
  const row = await store.transaction((tx) =>
    tx
      .updateTable("jobs")
      .set((expression) => ({
        lease_beat: expression("lease_beat", "+", 1),
        ...(progress === undefined ? {} : { progress }),
      }))
      .where("id", "=", lease.id)
      .where("fencing_token", "=", lease.fencingToken)
      .where("state", "=", "running")
      .returning("abort_requested")
      .executeTakeFirst(),
  );
  return row && { abortRequested: row.abort_requested === 1 };
}

/** Writes how a run ended. False when the lease has passed on: then nothing is written. */
export async function writeOutcome(
  tx: Tx,
  lease: Lease,
  outcome: JobOutcome,
  { now, progress }: { now: number; progress?: string | undefined },
): Promise<boolean> {
  const updated = await tx
    .updateTable("jobs")
    .set((expression) => ({
      state: stateAfter(outcome),
      lease_owner: null,
      run_at: outcome.state === "retry" ? now + outcome.delayMs : 0,
      updated_at: now,
      finished_at: outcome.state === "retry" || outcome.state === "released" ? null : now,
      ...(progress === undefined ? {} : { progress }),
      ...(outcome.state === "succeeded" ? { result: JSON.stringify(outcome.result ?? null), error: null } : {}),
      ...("failure" in outcome ? { error: JSON.stringify(outcome.failure) } : {}),
      // A run cut short by a shutdown is not the job's fault.
      ...(outcome.state === "released" ? { attempt: expression("attempt", "-", 1) } : {}),
    }))
    .where("id", "=", lease.id)
    .where("fencing_token", "=", lease.fencingToken)
    .where("state", "=", "running")
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

function stateAfter(outcome: JobOutcome): JobState {
  return outcome.state === "retry" || outcome.state === "released" ? "queued" : outcome.state;
}
