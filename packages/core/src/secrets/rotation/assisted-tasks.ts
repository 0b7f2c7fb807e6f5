import { randomUUID } from "node:crypto";
import type { Selectable } from "kysely";
import { Secret, unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import { parseEnvironmentId } from "../backend/environment-id.ts";
import { checkKey, prepareProbe } from "./check-key.ts";
import { serviceOf } from "./plan-rotation.ts";
import type { RotationParts } from "./rotation-parts.ts";
import { toTarget } from "./rotation-run.ts";
import type { RotationRow } from "./rotation-rows.ts";
import type { RotationTasksTable } from "./rotation-tables.ts";
import type { CheckedBy, RotationTask } from "./rotation-types.ts";
import { auditRequest, enqueueRun } from "./start-rotation.ts";

type TaskRow = Selectable<RotationTasksTable>;

/** A person gets this long before the task counts as late. */
const dueAfterMs = 7 * 24 * 60 * 60_000;

/** The task for a rotation that only a person can begin; one for each rotation. */
export async function openTask(parts: RotationParts, row: RotationRow): Promise<RotationTask> {
  const service = serviceOf(parts, toTarget(row));
  const now = parts.clock.now();
  const instruction = `Make a new key for ${row.variable} at ${service.docsUrl}, leave the old one alone, and hand the new one over.`;
  await parts.store.db
    .insertInto("rotation_tasks")
    .values({
      id: randomUUID(),
      rotation_id: row.id,
      service: row.service,
      variable: row.variable,
      environment: row.environment,
      path: row.path,
      page_url: service.docsUrl,
      state: "open",
      instruction,
      due_at: now + dueAfterMs,
      created_at: now,
    })
    .onConflict((conflict) => conflict.column("rotation_id").doNothing())
    .execute();
  await parts.rows.update(row.id, { next_step: instruction });
  return toTask(await findTask(parts, { rotationId: row.id }));
}

export async function listTasks(parts: RotationParts, state?: RotationTask["state"]): Promise<RotationTask[]> {
  let query = parts.store.db.selectFrom("rotation_tasks").selectAll();
  if (state !== undefined) query = query.where("state", "=", state);
  return (await query.orderBy("created_at", "desc").orderBy("id").limit(1_000).execute()).map(toTask);
}

/** Takes the new key, checks it and lets the rotation go on. A key that does not work changes nothing. */
export async function completeTask(
  parts: RotationParts,
  id: string,
  { value, actor }: { value: Secret; actor: string },
): Promise<{ rotationId: string; checkedBy: CheckedBy }> {
  const task = await findTask(parts, { id });
  const row = await parts.rows.get(task.rotation_id);
  // A key that turned out not to work may be replaced by another one.
  if (task.state !== "open") throw wrongState(task);
  const service = serviceOf(parts, toTarget(row));
  const { environment } = toTarget(row);
  const fingerprint = parts.keys.fingerprint(unwrap(value));
  if (fingerprint === row.old_fingerprint) {
    throw new AppError("invalid_input", "That is the key that is in use already.", {
      hint: `Make a new one at ${task.page_url}.`,
    });
  }
  const signal = AbortSignal.timeout(parts.limits.callTimeoutMs);
  const checkedBy = await checkKey(parts, toTarget(row), { service, value, signal });
  const warnings = checkedBy === "probe" ? [] : [`The new key was not tried at ${service.title}: no probe yet.`];
  const kept = await parts.rows.update(row.id, {
    sealed_new: await parts.keys.seal(environment, unwrap(value)),
    new_fingerprint: fingerprint,
    state: "queued",
    next_step: "",
    warnings: JSON.stringify(warnings),
  });
  await setTask(parts, task.id, { state: "checking", instruction: "The new key is being taken over." });
  await auditRequest(parts, kept, "key_handed_over", actor);
  await enqueueRun(parts, kept);
  return { rotationId: row.id, checkedBy };
}

/** A person says that the old key is deleted; where the service can tell, it is asked. */
export async function confirmTask(parts: RotationParts, id: string, actor: string): Promise<void> {
  const task = await findTask(parts, { id });
  if (task.state !== "delete_old") throw wrongState(task);
  const row = await parts.rows.get(task.rotation_id);
  const service = serviceOf(parts, toTarget(row));
  const probe = await prepareProbe(parts, toTarget(row), service);
  if (probe && row.sealed_old !== null) {
    const old = new Secret(await parts.keys.unseal(parseEnvironmentId(row.environment), row.sealed_old));
    const signal = AbortSignal.timeout(parts.limits.callTimeoutMs);
    const isRefused = await probe(old, signal).then(
      () => false,
      (thrown: unknown) => thrown instanceof AppError && thrown.kind === "denied",
    );
    if (!isRefused) {
      throw new AppError("invalid_input", "The old key still works, or the service did not say that it does not.", {
        hint: `Delete it at ${task.page_url} and confirm again.`,
      });
    }
  }
  const ended = await parts.rows.update(row.id, {
    state: "succeeded",
    active_key: null,
    sealed_old: null,
    sealed_new: null,
    next_step: "",
    finished_at: parts.clock.now(),
  });
  await setTask(parts, id, { state: "done", instruction: "" });
  await auditRequest(parts, ended, "old_key_deleted", actor);
}

/** After a rotation that was handed a key ended without it: the person hears of it where the task stands. */
export async function closeTask(parts: RotationParts, row: RotationRow): Promise<void> {
  if (row.kind !== "assisted" || row.active_key !== null) return;
  if (row.state === "succeeded") return;
  const error = row.error === null ? "" : (JSON.parse(row.error) as { message: string }).message;
  await parts.store.db
    .updateTable("rotation_tasks")
    .set({ state: "cancelled", instruction: `${error} Delete the new key, or start again.`.trim() })
    .where("rotation_id", "=", row.id)
    .where("state", "!=", "done")
    .execute();
}

async function setTask(
  parts: RotationParts,
  id: string,
  changes: { state: TaskRow["state"]; instruction: string },
): Promise<void> {
  await parts.store.db.updateTable("rotation_tasks").set(changes).where("id", "=", id).execute();
}

async function findTask(parts: RotationParts, which: { id: string } | { rotationId: string }): Promise<TaskRow> {
  const query = parts.store.db.selectFrom("rotation_tasks").selectAll();
  const row = await (
    "id" in which ? query.where("id", "=", which.id) : query.where("rotation_id", "=", which.rotationId)
  ).executeTakeFirst();
  if (row) return row;
  throw new AppError("not_found", "There is no such task.", { hint: "List the tasks to see their ids." });
}

function wrongState(task: TaskRow): AppError {
  return new AppError("invalid_input", `This task is ${task.state}; that is not what it waits for.`, {
    hint: task.instruction || "List the tasks.",
  });
}

function toTask(row: TaskRow): RotationTask {
  return {
    id: row.id,
    rotationId: row.rotation_id,
    service: row.service,
    variable: row.variable,
    environment: parseEnvironmentId(row.environment),
    path: row.path,
    pageUrl: row.page_url,
    state: row.state,
    instruction: row.instruction,
    dueAt: row.due_at,
    createdAt: row.created_at,
  };
}
