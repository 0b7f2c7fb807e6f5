import type { Insertable, Selectable, Updateable } from "kysely";
import { AppError } from "../../errors/app-error.ts";
import { enqueueIn } from "../../jobs/job-journal.ts";
import type { JobRun, NewJob } from "../../jobs/jobs.ts";
import type { Clock } from "../../limits/clock.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import type { Store } from "../../store/store.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import type { RotationsTable } from "./rotation-tables.ts";
import type { RotationFilter, RotationTarget } from "./rotation-types.ts";

export type RotationRow = Selectable<RotationsTable>;
export type RotationChanges = Updateable<RotationsTable>;
/** Whoever runs a rotation's job; its writes are refused once the lease has passed on. */
export type LeaseHolder = Pick<JobRun<unknown>, "id" | "fencingToken">;

/** Rotations in the store. */
export interface RotationRows {
  /** With its job, or neither. False when a rotation of the same secret is under way: one of several wins. */
  insert(row: Insertable<RotationsTable>, job?: NewJob): Promise<boolean>;
  /** Throws AppError `not_found`. */
  get(id: string): Promise<RotationRow>;
  findActive(target: Pick<RotationTarget, "environment" | "path">): Promise<RotationRow | undefined>;
  findLast(target: Pick<RotationTarget, "environment" | "path">): Promise<RotationRow | undefined>;
  list(filter: RotationFilter): Promise<RotationRow[]>;
  update(id: string, changes: RotationChanges): Promise<RotationRow>;
  /** As `update`, by a job. Throws when its lease has passed to another process. */
  updateAs(holder: LeaseHolder, id: string, changes: RotationChanges): Promise<RotationRow>;
}

export function activeKey(target: Pick<RotationTarget, "environment" | "path">): string {
  return `${formatEnvironmentId(target.environment)}|${target.path}`;
}

export function createRotationRows(store: Store<CoreTables>, clock: Clock): RotationRows {
  const { db } = store;
  const touched = (changes: RotationChanges): RotationChanges => ({ ...changes, updated_at: clock.now() });

  return {
    insert: (row, job) =>
      store.transaction(async (tx) => {
        const query = tx
          .insertInto("rotations")
          .values(row)
          .onConflict((conflict) => conflict.doNothing());
        const isIn = Number((await query.executeTakeFirst()).numInsertedOrUpdatedRows ?? 0) === 1;
        if (isIn && job) await enqueueIn(tx, job, clock.now());
        return isIn;
      }),
    async get(id) {
      const row = await db.selectFrom("rotations").selectAll().where("id", "=", id).executeTakeFirst();
      if (row) return row;
      throw new AppError("not_found", "There is no such rotation.", { hint: "List the rotations to see their ids." });
    },
    findActive: (target) =>
      db.selectFrom("rotations").selectAll().where("active_key", "=", activeKey(target)).executeTakeFirst(),
    findLast: (target) =>
      db
        .selectFrom("rotations")
        .selectAll()
        .where("environment", "=", formatEnvironmentId(target.environment))
        .where("path", "=", target.path)
        .where("promoted_at", "is not", null)
        .where("served", "=", "new")
        .orderBy("created_at", "desc")
        .limit(1)
        .executeTakeFirst(),
    async list({ environment, path, state, limit }) {
      let query = db.selectFrom("rotations").selectAll();
      if (environment) query = query.where("environment", "=", formatEnvironmentId(environment));
      if (path !== undefined) query = query.where("path", "=", path);
      if (state !== undefined) query = query.where("state", "=", state);
      return await query
        .orderBy("created_at", "desc")
        .orderBy("id")
        .limit(Math.min(1_000, limit ?? 100))
        .execute();
    },
    update: (id, changes) =>
      db.updateTable("rotations").set(touched(changes)).where("id", "=", id).returningAll().executeTakeFirstOrThrow(),
    updateAs: (holder, id, changes) => updateAs(store, holder, { id, changes: touched(changes) }),
  };
}

async function updateAs(
  { db }: Store<CoreTables>,
  holder: LeaseHolder,
  { id, changes }: { id: string; changes: RotationChanges },
): Promise<RotationRow> {
  const row = await db
    .updateTable("rotations")
    .set(changes)
    .where("id", "=", id)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom("jobs")
          .select("id")
          .where("id", "=", holder.id)
          .where("fencing_token", "=", holder.fencingToken)
          .where("state", "=", "running"),
      ),
    )
    .returningAll()
    .executeTakeFirst();
  if (row) return row;
  throw new AppError("unavailable", "This rotation has passed to another process.", { retryable: false });
}
