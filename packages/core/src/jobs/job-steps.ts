import type { Transaction } from "kysely";
import { AppError } from "../errors/app-error.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import type { Lease } from "./job-journal.ts";

export type StepStart =
  | { kind: "run" }
  | { kind: "finished"; result: unknown }
  /** An earlier run started the step and nobody knows whether it got through. */
  | { kind: "uncertain" };

/** Thrown at a worker that has lost its lease. */
export function fencedOut(): AppError {
  return new AppError("unavailable", "This job has passed to another process.", { retryable: false });
}

/** Journals that a step begins, or finds that it is done. Throws when the lease has passed on. */
export async function startStep(
  store: Store<CoreTables>,
  lease: Lease,
  step: { name: string; repeatable: boolean; now: number },
): Promise<StepStart> {
  return await store.transaction(async (tx) => {
    await assertLease(tx, lease, step.now);
    const known = await tx
      .selectFrom("job_steps")
      .select(["state", "result"])
      .where("job_id", "=", lease.id)
      .where("name", "=", step.name)
      .executeTakeFirst();
    if (known?.state === "finished") return { kind: "finished", result: parseResult(known.result) };
    if (known && !step.repeatable) return { kind: "uncertain" };
    const row = { state: "started" as const, fencing_token: lease.fencingToken, started_at: step.now };
    await tx
      .insertInto("job_steps")
      .values({ job_id: lease.id, name: step.name, result: null, finished_at: null, ...row })
      .onConflict((conflict) => conflict.columns(["job_id", "name"]).doUpdateSet(row))
      .execute();
    return { kind: "run" };
  });
}

/** Keeps a step's result, so that it is never run again. */
export async function finishStep(
  store: Store<CoreTables>,
  lease: Lease,
  step: { name: string; result: unknown; now: number },
): Promise<void> {
  await store.transaction(async (tx) => {
    await assertLease(tx, lease, step.now);
    await tx
      .updateTable("job_steps")
      .set({ state: "finished", result: JSON.stringify(step.result) ?? null, finished_at: step.now })
      .where("job_id", "=", lease.id)
      .where("name", "=", step.name)
      .execute();
  });
}

/** The step failed and certainly had no effect: a later attempt may run it again. */
export async function forgetStep(
  store: Store<CoreTables>,
  lease: Lease,
  step: { name: string; now: number },
): Promise<void> {
  await store.transaction(async (tx) => {
    await assertLease(tx, lease, step.now);
    await tx
      .deleteFrom("job_steps")
      .where("job_id", "=", lease.id)
      .where("name", "=", step.name)
      .where("state", "=", "started")
      .execute();
  });
}

function parseResult(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}

async function assertLease(tx: Transaction<CoreTables>, lease: Lease, now: number): Promise<void> {
  const held = await tx
    .updateTable("jobs")
    .set((expression) => ({ lease_beat: expression("lease_beat", "+", 1), updated_at: now }))
    .where("id", "=", lease.id)
    .where("fencing_token", "=", lease.fencingToken)
    .where("state", "=", "running")
    .executeTakeFirst();
  if (held.numUpdatedRows !== 1n) throw fencedOut();
}
