import { randomUUID } from "node:crypto";
import { hashCanonical } from "../../approval/canonical-hash.ts";
import { unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import type { NewJob } from "../../jobs/jobs.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import { serviceOf } from "./plan-rotation.ts";
import type { RotationParts } from "./rotation-parts.ts";
import { activeKey, type RotationRow } from "./rotation-rows.ts";
import { describeForAudit } from "./rotation-run.ts";
import type { RotationTarget, StartOptions } from "./rotation-types.ts";
import { readServedSecret } from "./served-secret.ts";

export const rotationJobKind = "rotate_secret";

/** Puts a rotation into the journal; of several at once for the same secret one gets through, the others are told. */
export async function startRotation(
  parts: RotationParts,
  target: RotationTarget,
  { actor, trigger = "person", runAt = 0, stateVersion }: StartOptions & { actor: string },
): Promise<RotationRow> {
  const service = serviceOf(parts, target);
  const { value, source } = await readServedSecret(parts.backend, target);
  const fingerprint = parts.keys.fingerprint(unwrap(value));
  if (stateVersion !== undefined && stateVersion !== `${source.revision}:${fingerprint}`) throw planIsStale();
  const now = parts.clock.now();
  const id = randomUUID();
  const job = service.rotator && jobOf({ id, runs: 0, actor }, runAt);
  const row = {
    id,
    environment: formatEnvironmentId(target.environment),
    path: target.path,
    service: target.service,
    variable: target.variable,
    kind: service.rotator ? "automatic" : "assisted",
    state: service.rotator ? "queued" : "waiting",
    step: "create",
    served: "old",
    actor,
    trigger,
    active_key: activeKey(target),
    runs: 0,
    run_at: runAt,
    cancel_requested: 0,
    old_fingerprint: fingerprint,
    observed_ms: 0,
    warnings: "[]",
    next_step: "",
    created_at: now,
    updated_at: now,
  } as const;
  if (!(await parts.rows.insert(row, job))) throw await alreadyUnderWay(parts, target);
  const kept = await parts.rows.get(id);
  await auditRequest(parts, kept, "start");
  // The same job again: that changes nothing and wakes the worker.
  if (job) await parts.jobs.enqueue(job);
  return kept;
}

/** What a rotation's job is given: of two jobs for one rotation the one with the higher `run` counts. */
export interface RotationJobInput {
  rotationId: string;
  run: number;
}

/** The job for the rotation as it stands; a second call before it has run makes no second job. */
export async function enqueueRun(parts: RotationParts, row: RotationRow, runAt = 0): Promise<void> {
  await parts.jobs.enqueue(jobOf(row, runAt));
}

/** Another job for the same rotation, in the place of those before. First the job: a crash in between loses none. */
export async function enqueueNextRun(parts: RotationParts, row: RotationRow, runAt = 0): Promise<void> {
  const runs = row.runs + 1;
  await enqueueRun(parts, { ...row, runs }, runAt);
  await parts.rows.update(row.id, { runs, run_at: runAt });
}

function jobOf({ id, runs, actor }: Pick<RotationRow, "id" | "runs" | "actor">, runAt: number): NewJob {
  return {
    kind: rotationJobKind,
    input: { rotationId: id, run: runs } satisfies RotationJobInput,
    idempotencyKey: `${id}:${runs}`,
    caller: actor,
    ...(runAt > 0 && { runAt }),
  };
}

/** A person's or a schedule's word on a rotation. */
export async function auditRequest(
  parts: RotationParts,
  row: RotationRow,
  word: string,
  actor = row.actor,
): Promise<void> {
  await parts.audit.write({
    requestId: row.id,
    caller: actor,
    server: parts.server,
    tool: "rotate_secret",
    effect: "update",
    phase: "decide",
    argumentsHash: hashCanonical({ environment: row.environment, path: row.path }),
    outcome: word,
    rotation: describeForAudit(row, row.step),
  });
}

async function alreadyUnderWay(parts: RotationParts, target: RotationTarget): Promise<AppError> {
  const other = await parts.rows.findActive(target);
  const by = other === undefined ? "" : `, started by ${other.actor}: it is ${other.state} at step ${other.step}`;
  return new AppError("invalid_input", `A rotation of ${target.variable} is under way already${by}.`, {
    hint:
      other === undefined ? "Look at the rotations." : `Its id is ${other.id}. Wait for it, resume it or cancel it.`,
    retryable: false,
    status: 409,
  });
}

function planIsStale(): AppError {
  return new AppError("invalid_input", "The environment has changed since the rotation was planned.", {
    hint: "Plan it again.",
  });
}
