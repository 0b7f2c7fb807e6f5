import { unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import type { JobRun } from "../../jobs/jobs.ts";
import { createAlertEvents } from "../../store/alert-events.ts";
import { closeTask, completeTask, confirmTask, listTasks, openTask } from "./assisted-tasks.ts";
import { createBackups } from "./backups.ts";
import { createCheckRows } from "./check-rows.ts";
import { createConsumerRows } from "./consumer-rows.ts";
import { listConsumers, planRotation } from "./plan-rotation.ts";
import { restoreBackup } from "./restore-backup.ts";
import { defaultLimits, type RotationParts } from "./rotation-parts.ts";
import { createRotationRows, type RotationRow } from "./rotation-rows.ts";
import { actorOf, dueJobKind, listPolicies, postponedUntil, saveSchedule, startDue } from "./rotation-schedule.ts";
import type { RotationPolicy, Rotations, RotationsOptions, RotationTarget } from "./rotation-types.ts";
import { rotationAttempts, runRotation } from "./run-rotation.ts";
import { readServedSecret } from "./served-secret.ts";
import {
  auditRequest,
  enqueueNextRun,
  type RotationJobInput,
  rotationJobKind,
  startRotation,
} from "./start-rotation.ts";
import { toStatus } from "./to-status.ts";

/** The machinery of rotation over one store of environments. One per process; jobs run where `jobs` is started. */
export function createRotations(options: RotationsOptions): Rotations {
  const { store, clock, backend, keys, jobs } = options;
  const parts: RotationParts = {
    ...options,
    limits: { ...defaultLimits, ...options.limits },
    services: new Map(options.services.map((service) => [service.id, service])),
    rows: createRotationRows(store, clock),
    consumers: createConsumerRows(store, clock),
    checks: createCheckRows(store, clock),
    backups: createBackups({ folder: options.backupFolder, backend, keys, clock }),
    alerts: createAlertEvents({ store }),
  };
  const timeoutMs = 2 * parts.limits.maximumGraceMs + 60 * 60_000;
  const jobOptions = { maxAttempts: rotationAttempts, timeoutMs };
  jobs.define(rotationJobKind, (job: JobRun<RotationJobInput>) => runJob(parts, job), jobOptions);
  jobs.define(dueJobKind, (job: JobRun<RotationPolicy>) => runDue(parts, job.input));

  return {
    plan: (target) => planRotation(parts, target),
    async start(target, actor, startOptions = {}) {
      const row = await startRotation(parts, target, { ...startOptions, actor });
      return row.kind === "assisted" ? { id: row.id, task: await openTask(parts, row) } : { id: row.id };
    },
    get: async (id) => toStatus(await parts.rows.get(id)),
    status: async (filter = {}) => (await parts.rows.list(filter)).map(toStatus),
    async consumers(target) {
      const { value } = await readServedSecret(backend, target);
      return await listConsumers(parts, target, keys.fingerprint(unwrap(value)));
    },
    cancel: (id, actor) => cancelRotation(parts, id, actor),
    resume: (id, actor) => resumeRotation(parts, id, actor),
    tasks: (filter = {}) => listTasks(parts, filter.state),
    completeTask: (id, value, actor) => completeTask(parts, id, { value, actor }),
    confirmTask: (id, actor) => confirmTask(parts, id, actor),
    schedule: (policy) => saveSchedule(parts, policy),
    policies: () => listPolicies(parts),
    backups: async (environment) => parts.backups.list(environment),
    backUp: (environment, reason) => parts.backups.take(environment, reason),
    restore: (id, actor) => restoreBackup(parts, id, actor),
  };
}

/** A held rotation looks by itself whether the old value is still in use, so often and for so long. */
const heldLookMs = 60 * 60_000;
const heldForMs = 14 * 24 * 60 * 60_000;

async function runJob(parts: RotationParts, job: JobRun<RotationJobInput>): Promise<unknown> {
  const row = await parts.rows.get(job.input.rotationId);
  if (job.input.run < row.runs) return { state: "superseded" };
  const runAt = await postponedUntil(parts, row);
  if (runAt !== undefined) {
    await enqueueNextRun(parts, row, runAt);
    return { state: "postponed", runAt };
  }
  const result = await runRotation(parts, job);
  const after = await parts.rows.get(row.id);
  await closeTask(parts, after);
  const now = parts.clock.now();
  if (after.state === "held" && now - (after.promoted_at ?? now) < heldForMs) {
    await enqueueNextRun(parts, after, now + heldLookMs);
  }
  return result;
}

async function runDue(parts: RotationParts, policy: RotationPolicy): Promise<unknown> {
  const actor = actorOf(policy.name);
  return await startDue(parts, policy, async (target: RotationTarget, runAt: number) => {
    const active = await parts.rows.findActive(target);
    if (active?.state === "held") return await resumeRotation(parts, active.id, actor);
    const row = await startRotation(parts, target, { actor, trigger: "schedule", runAt });
    if (row.kind === "assisted") await openTask(parts, row);
  });
}

async function cancelRotation(parts: RotationParts, id: string, actor: string): Promise<void> {
  const row = await parts.rows.get(id);
  if (row.active_key === null) throw isOver(row.state);
  await auditRequest(parts, row, "cancel", actor);
  if (row.state === "waiting" && row.step === "create") {
    const end = { state: "cancelled", active_key: null, sealed_new: null, finished_at: parts.clock.now() } as const;
    await closeTask(parts, await parts.rows.update(id, { ...end, next_step: "" }));
    return;
  }
  await parts.rows.update(id, { cancel_requested: 1 });
  // One that stands still has nobody who would read the request.
  if (row.state === "held" || row.state === "failed") await resumeRotation(parts, id, actor);
}

async function resumeRotation(parts: RotationParts, id: string, actor: string): Promise<void> {
  const row = await parts.rows.get(id);
  if (row.active_key === null) throw isOver(row.state);
  if (await isUnderWay(parts, row)) {
    throw new AppError("invalid_input", `This rotation is under way: it is ${row.state} at step ${row.step}.`, {
      hint: "Wait for it.",
    });
  }
  await auditRequest(parts, row, "resume", actor);
  // Whoever looks now sees that it goes on.
  const state = row.state === "failed" ? "rolling_back" : row.state === "held" ? "running" : row.state;
  await enqueueNextRun(parts, await parts.rows.update(id, { state }));
}

/** Running, or about to run. One that waits for its time gives way. */
async function isUnderWay(parts: RotationParts, { id }: RotationRow): Promise<boolean> {
  const now = parts.clock.now();
  const jobs = await parts.jobs.list({ kind: rotationJobKind, limit: 1_000 });
  return jobs.some(
    ({ state, runAt, input }) =>
      (input as RotationJobInput).rotationId === id && (state === "running" || (state === "queued" && runAt <= now)),
  );
}

function isOver(state: string): AppError {
  return new AppError("invalid_input", `This rotation is over: it is ${state}.`, { hint: "Start a new one." });
}
