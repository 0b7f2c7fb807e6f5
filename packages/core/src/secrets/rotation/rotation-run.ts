import { Secret } from "../../config/secret.ts";
import { AppError, toAppError } from "../../errors/app-error.ts";
import type { JobRun } from "../../jobs/jobs.ts";
import type { AuditEntry } from "../../observe/audit.ts";
import { hashCanonical } from "../../approval/canonical-hash.ts";
import { parseEnvironmentId } from "../backend/environment-id.ts";
import { findAdministratorPlace } from "./administrator-place.ts";
import { persist } from "./persist.ts";
import type { RotationParts } from "./rotation-parts.ts";
import type { RotationChanges, RotationRow } from "./rotation-rows.ts";
import type { RotatedService, RotationStep, RotationTarget } from "./rotation-types.ts";
import type { RotatorContext } from "./rotator.ts";
import { readServedSecret } from "./served-secret.ts";
import { StepFailure } from "./step-failure.ts";

/** One job's work on one rotation. */
export interface RotationRun {
  parts: RotationParts;
  job: JobRun<{ rotationId: string }>;
  target: RotationTarget;
  service: RotatedService;
  /** As it was last written or read. */
  row: RotationRow;
}

export function toTarget(row: Pick<RotationRow, "environment" | "path" | "service" | "variable">): RotationTarget {
  const { environment, path, service, variable } = row;
  return { environment: parseEnvironmentId(environment), path, service, variable };
}

/** Keeps what is known now. Throws when the job has passed to another process. */
export async function note(run: RotationRun, changes: RotationChanges): Promise<void> {
  run.row = await run.parts.rows.updateAs(run.job, run.row.id, changes);
}

export function fingerprintOf(run: Pick<RotationRun, "parts">, value: string): string {
  return run.parts.keys.fingerprint(value);
}

/** The old or the new value. Throws AppError `internal` before it was made. */
export async function openValue(run: RotationRun, which: "sealed_old" | "sealed_new"): Promise<Secret> {
  const sealed = run.row[which];
  if (sealed === null) throw new AppError("internal", "A rotation was asked for a value that it has not made yet.");
  return new Secret(await run.parts.keys.unseal(run.target.environment, sealed));
}

export async function contextOf(run: RotationRun, signal: AbortSignal): Promise<RotatorContext> {
  const { parts, target } = run;
  return {
    target,
    current: await openValue(run, "sealed_old"),
    ...(run.row.sealed_new !== null && { next: await openValue(run, "sealed_new") }),
    administrator: await readAdministrator(parts, target),
    signal,
  };
}

export async function readAdministrator(parts: RotationParts, target: RotationTarget): Promise<Secret | undefined> {
  const place = (parts.administratorOf ?? findAdministratorPlace)(target);
  if (!place) return undefined;
  try {
    return (await readServedSecret(parts.backend, place)).value;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.kind === "not_found") return undefined;
    throw thrown;
  }
}

/** A step's effect between two durable lines of the audit. Without the first line nothing is done. */
export async function audited<Result>(
  run: RotationRun,
  step: RotationStep | "backup" | "swap_back" | "drop",
  work: () => Promise<Result>,
): Promise<Result> {
  const { audit, clock } = run.parts;
  const startedAt = clock.monotonic();
  await writeLine(run, step, { phase: "before", outcome: "started" });
  const durationMs = (): number => Math.round(clock.monotonic() - startedAt);
  let result: Result;
  try {
    result = await work();
  } catch (thrown) {
    const cause = thrown instanceof StepFailure ? thrown.error : toAppError(thrown);
    const outcome = run.job.signal.aborted ? "interrupted" : cause.kind;
    await audit.write(buildEntry(run, step, { phase: "after", outcome, durationMs: durationMs() })).catch(() => {});
    throw thrown;
  }
  await writeLine(run, step, { phase: "after", outcome: "ok", durationMs: durationMs() });
  return result;
}

type Line = Pick<AuditEntry, "phase" | "outcome" | "durationMs">;

/** Without an audit nothing may change: the job waits until there is one again. */
async function writeLine(run: RotationRun, step: string, line: Line): Promise<void> {
  await run.parts.audit.write(buildEntry(run, step, line));
}

function buildEntry(run: RotationRun, step: string, line: Line): AuditEntry {
  const { row, parts } = run;
  return {
    requestId: run.job.id,
    caller: row.actor,
    server: parts.server,
    tool: "rotate_secret",
    effect: "update",
    argumentsHash: hashCanonical({ environment: row.environment, path: row.path }),
    ...line,
    rotation: describeForAudit(row, step),
  };
}

export function describeForAudit(row: RotationRow, step: string): NonNullable<AuditEntry["rotation"]> {
  return {
    id: row.id,
    environment: row.environment,
    path: row.path,
    step,
    ...(row.pre_revision !== null && { preRevision: row.pre_revision }),
    ...(row.post_revision !== null && { postRevision: row.post_revision }),
    ...(row.old_fingerprint !== null && { oldFingerprint: row.old_fingerprint }),
    ...(row.new_fingerprint !== null && { newFingerprint: row.new_fingerprint }),
  };
}

/** One call of the service's rotator, within the budget of tries. */
export async function atService<Result>(
  run: RotationRun,
  work: (context: RotatorContext) => Promise<Result>,
): Promise<Result> {
  const { parts, job } = run;
  return await persist(parts, { signal: job.signal, tries: parts.limits.stepTries }, async (signal) =>
    work(await contextOf(run, signal)),
  );
}

/** Tells people. A rotation tells each thing once. */
export async function alert(
  run: RotationRun,
  severity: "info" | "warning" | "critical",
  text: { title: string; detail: string },
): Promise<void> {
  const { parts, row } = run;
  const key = `rotation:${row.id}:${severity}:${text.title}`.slice(0, 300);
  await parts.alerts.write({
    at: Math.round(parts.clock.now()),
    server: parts.server,
    kind: "rotation",
    severity,
    key,
    ...text,
  });
}

/** Kept with the rotation and shown with it; each once. */
export async function warn(run: RotationRun, warnings: readonly string[]): Promise<void> {
  const known = JSON.parse(run.row.warnings) as string[];
  const added = warnings.filter((warning) => !known.includes(warning));
  if (added.length > 0) await note(run, { warnings: JSON.stringify([...known, ...added].slice(0, 20)) });
}
