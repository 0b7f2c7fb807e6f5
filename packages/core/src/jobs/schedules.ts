import { Cron } from "croner";
import type { Transaction } from "kysely";
import type { Logger } from "pino";
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

/** The next run of a schedule that has ended: the last moment that a Date can hold. */
const neverAgain = 8_640_000_000_000_000;

/** Keeps the time of the next run over restarts: a declaration that did not change leaves it alone. */
export async function saveSchedule(store: Store<CoreTables>, schedule: Schedule, now: number): Promise<void> {
  const { name, cron, kind } = schedule;
  const timezone = schedule.timezone ?? null;
  const input = JSON.stringify(schedule.input ?? null);
  const nextRunAt = nextRunAfter({ name, cron, timezone }, now);
  await store.transaction(async (tx) => {
    const known = await tx.selectFrom("schedules").selectAll().where("name", "=", name).executeTakeFirst();
    if (known?.cron === cron && known.timezone === timezone) {
      if (known.kind === kind && known.input === input) return;
      await tx.updateTable("schedules").set({ kind, input }).where("name", "=", name).execute();
      return;
    }
    if (nextRunAt === undefined) throw new AppError("invalid_input", `The schedule ${name} never comes due.`);
    const row = { cron, timezone, kind, input, next_run_at: nextRunAt, updated_at: now };
    await tx
      .insertInto("schedules")
      .values({ name, last_run_at: null, last_job_id: null, ...row })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
      .execute();
  });
}

/** Wall-clock milliseconds of the first run after `after`; undefined when there is none. Throws AppError `invalid_input`. */
function nextRunAfter(
  schedule: { name: string; cron: string; timezone: string | null },
  after: number,
): number | undefined {
  try {
    // Only the parser is used: croner's own timers skip runs that fall into a pause of the process.
    const pattern = new Cron(schedule.cron, { timezone: schedule.timezone ?? "UTC", paused: true });
    return pattern.nextRun(new Date(after))?.getTime();
  } catch (error) {
    throw new AppError("invalid_input", `The schedule ${schedule.name} has a wrong cron pattern or time zone.`, {
      hint: 'Example: "15 3 * * *" with time zone "Europe/Berlin" is 03:15 each day.',
      cause: error,
    });
  }
}

/**
 * Enqueues one job for each schedule that is due, however many runs were missed, and moves it to its next time after
 * now. The job's key holds the planned time, so neither two processes nor a clock set back run the same time twice.
 * A schedule that cannot run (another version wrote it, the queue is full) must not keep the others from running: it is
 * told once and tried again each time.
 */
export function createScheduleRunner(store: Store<CoreTables>, log: Logger): (now: number) => Promise<void> {
  const told = new Set<string>();
  return async (now) => {
    const isDue = (row: ScheduleRow) => row.next_run_at <= now || row.updated_at > now + clockToleranceMs;
    const rows = await store.db.selectFrom("schedules").selectAll().execute();
    for (const row of rows.filter(isDue)) {
      try {
        await store.transaction((tx) => fireOne(tx, row, now));
        told.delete(row.name);
      } catch (error) {
        if (!told.has(row.name)) log.error({ err: error, schedule: row.name }, "A schedule cannot run and is skipped.");
        told.add(row.name);
      }
    }
  };
}

async function fireOne(tx: Transaction<CoreTables>, row: ScheduleRow, now: number): Promise<void> {
  const due = row.next_run_at <= now;
  const moved = await tx
    .updateTable("schedules")
    .set({ next_run_at: nextRunAfter(row, now) ?? neverAgain, updated_at: now, ...(due ? { last_run_at: now } : {}) })
    .where("name", "=", row.name)
    .where("next_run_at", "=", row.next_run_at)
    .where("updated_at", "=", row.updated_at)
    .executeTakeFirst();
  // Not due means that the clock was set back: the plan is made anew from the time it shows now.
  if (moved.numUpdatedRows !== 1n || !due) return;
  if (await isStillQueued(tx, row.last_job_id)) return;
  const job = await enqueueIn(
    tx,
    {
      kind: row.kind,
      input: JSON.parse(row.input) as unknown,
      idempotencyKey: `schedule:${row.name}:${new Date(row.next_run_at).toISOString()}`,
    },
    now,
  );
  if (job.existed) return;
  await tx.updateTable("schedules").set({ last_job_id: job.id }).where("name", "=", row.name).execute();
}

/** A run that has not even begun stands for the next one too, or a slow worker would collect a burst. */
async function isStillQueued(tx: Transaction<CoreTables>, jobId: string | null): Promise<boolean> {
  if (jobId === null) return false;
  const job = await tx.selectFrom("jobs").select("state").where("id", "=", jobId).executeTakeFirst();
  return job?.state === "queued";
}
