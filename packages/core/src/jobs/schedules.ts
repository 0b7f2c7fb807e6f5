import { Cron } from "croner";
import type { Transaction } from "kysely";
import { AppError } from "../errors/app-error.ts";
import type { CoreTables, SchedulesTable } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { clockToleranceMs, enqueueIn } from "./job-journal.ts";

export interface Schedule {
  /** Unique; declaring it again with another cron or input changes it. */
  name: string;
  /** Five or six fields, see https://croner.56k.guru/usage/pattern/. */
  cron: string;
  kind: string;
  input: unknown;
  /** IANA name, e.g. "Europe/Berlin"; default UTC. */
  timezone?: string;
}

type ScheduleRow = SchedulesTable;

/** Keeps the time of the next run over restarts: a declaration that did not change leaves it alone. */
export async function saveSchedule(store: Store<CoreTables>, schedule: Schedule, now: number): Promise<void> {
  const { name, cron, kind } = schedule;
  const timezone = schedule.timezone ?? null;
  const input = JSON.stringify(schedule.input ?? null);
  const nextRunAt = nextRunAfter({ name, cron, timezone }, now);
  const row = { cron, timezone, kind, input, next_run_at: nextRunAt, updated_at: now };
  await store.transaction(async (tx) => {
    const known = await tx.selectFrom("schedules").selectAll().where("name", "=", name).executeTakeFirst();
    if (known?.cron === cron && known.timezone === timezone) {
      if (known.kind === kind && known.input === input) return;
      await tx.updateTable("schedules").set({ kind, input }).where("name", "=", name).execute();
      return;
    }
    await tx
      .insertInto("schedules")
      .values({ name, last_run_at: null, last_job_id: null, ...row })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
      .execute();
  });
}

/** Wall-clock milliseconds of the first run after `after`. Throws AppError `invalid_input` for a bad or endless pattern. */
export function nextRunAfter(schedule: { name: string; cron: string; timezone: string | null }, after: number): number {
  let next: Date | null;
  try {
    // Only the parser is used: croner's own timers skip runs that fall into a pause of the process.
    next = new Cron(schedule.cron, { timezone: schedule.timezone ?? "UTC", paused: true }).nextRun(new Date(after));
  } catch (error) {
    throw new AppError("invalid_input", `The schedule ${schedule.name} has a wrong cron pattern or time zone.`, {
      hint: 'Example: "15 3 * * *" with time zone "Europe/Berlin" is 03:15 each day.',
      cause: error,
    });
  }
  if (next) return next.getTime();
  throw new AppError("invalid_input", `The schedule ${schedule.name} never comes due.`);
}

/**
 * Enqueues one job for each schedule that is due, however many runs were missed, and moves it to its next time after
 * now. The job's key holds the planned time, so neither two processes nor a clock set back run the same time twice.
 */
export async function fireDue(store: Store<CoreTables>, now: number): Promise<number> {
  const isDue = (row: ScheduleRow) => row.next_run_at <= now || row.updated_at > now + clockToleranceMs;
  const rows = await store.db.selectFrom("schedules").selectAll().execute();
  let fired = 0;
  for (const row of rows.filter(isDue)) {
    fired += await store.transaction((tx) => fireOne(tx, row, now));
  }
  return fired;
}

async function fireOne(tx: Transaction<CoreTables>, row: ScheduleRow, now: number): Promise<number> {
  const due = row.next_run_at <= now;
  const moved = await tx
    .updateTable("schedules")
    .set({ next_run_at: nextRunAfter(row, now), updated_at: now, ...(due ? { last_run_at: now } : {}) })
    .where("name", "=", row.name)
    .where("next_run_at", "=", row.next_run_at)
    .where("updated_at", "=", row.updated_at)
    .executeTakeFirst();
  // Not due means that the clock was set back: the plan is made anew from the time it shows now.
  if (moved.numUpdatedRows !== 1n || !due) return 0;
  if (await isStillQueued(tx, row.last_job_id)) return 0;
  const job = await enqueueIn(
    tx,
    {
      kind: row.kind,
      input: JSON.parse(row.input) as unknown,
      idempotencyKey: `schedule:${row.name}:${new Date(row.next_run_at).toISOString()}`,
    },
    now,
  );
  if (job.existed) return 0;
  await tx.updateTable("schedules").set({ last_job_id: job.id }).where("name", "=", row.name).execute();
  return 1;
}

/** A run that has not even begun stands for the next one too, or a slow worker would collect a burst. */
async function isStillQueued(tx: Transaction<CoreTables>, jobId: string | null): Promise<boolean> {
  if (jobId === null) return false;
  const job = await tx.selectFrom("jobs").select("state").where("id", "=", jobId).executeTakeFirst();
  return job?.state === "queued";
}
