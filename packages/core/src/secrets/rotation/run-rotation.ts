import { formatCommand } from "../../config/command-line.ts";
import { AppError, toAppError } from "../../errors/app-error.ts";
import { toFailure } from "../../jobs/job-run.ts";
import type { JobRun } from "../../jobs/jobs.ts";
import { changeServed, lookAtServed } from "./change-served.ts";
import { checkPending } from "./check-pending.ts";
import { createPending } from "./create-pending.ts";
import { assertNotCancelled, observe } from "./observe.ts";
import { retireOld } from "./retire-old.ts";
import type { RotationParts } from "./rotation-parts.ts";
import { alert, atService, audited, note, openValue, type RotationRun, toTarget, warn } from "./rotation-run.ts";
import { type RotationState, type RotationStep, rotationSteps } from "./rotation-types.ts";
import { StepFailure } from "./step-failure.ts";
import { undoRotation } from "./undo-rotation.ts";

/** Runs in all, crashes included. */
export const rotationAttempts = 20;
const endStates: ReadonlySet<RotationState> = new Set(["succeeded", "rolled_back", "cancelled"]);

/** Carries one rotation to its end, from wherever an earlier run left it. Every step may be begun again. */
export async function runRotation(
  parts: RotationParts,
  job: JobRun<{ rotationId: string }>,
): Promise<{ state: RotationState }> {
  const row = await parts.rows.get(job.input.rotationId);
  if (endStates.has(row.state)) return { state: row.state };
  const service = parts.services.get(row.service);
  if (!service) throw new AppError("not_found", `This version of Sophia knows no service ${row.service}.`);
  const run: RotationRun = { parts, job, row, service, target: toTarget(row) };
  try {
    if (row.state === "rolling_back" || row.state === "failed") {
      await note(run, { state: "rolling_back", finished_at: null, next_step: "" });
      await undoRotation(run);
    } else await goForwardOrBack(run);
  } catch (thrown) {
    await noteStop(run, toAppError(thrown)).catch((second: unknown) =>
      parts.log.error({ err: second, rotation: row.id }, "That a rotation stopped could not be noted."),
    );
    throw thrown;
  }
  return { state: run.row.state };
}

async function goForwardOrBack(run: RotationRun): Promise<void> {
  try {
    await goForward(run);
  } catch (thrown) {
    if (!(thrown instanceof StepFailure)) throw thrown;
    const { log } = run.parts;
    log.warn({ rotation: run.row.id, step: run.row.step, err: thrown.error }, "A rotation is being undone.");
    const error = JSON.stringify(toFailure(thrown.error));
    await note(run, { state: "rolling_back", error, observed_ms: 0 });
    await undoRotation(run);
  }
}

/** The job will not be tried again: people must see where it stands. Nothing was made invalid that may be served. */
async function noteStop(run: RotationRun, error: AppError): Promise<void> {
  if (run.job.signal.aborted || (error.retryable && run.job.attempt < rotationAttempts)) return;
  const nextStep = formatCommand(`secrets rotate --resume ${run.row.id}`);
  await note(run, { state: "failed", error: JSON.stringify(toFailure(error)), next_step: nextStep });
  await alert(run, "critical", {
    title: `The rotation of ${run.target.variable} stopped`,
    detail: `${error.message} The old value is still valid, and so is the new one if it is served. Next: ${nextStep}`,
  });
}

const work: Record<RotationStep, (run: RotationRun) => Promise<unknown>> = {
  create: (run) => audited(run, "create", () => createPending(run)),
  set: (run) => audited(run, "set", () => setAtService(run)),
  validate: (run) => audited(run, "validate", () => checkPending(run)),
  promote: (run) => audited(run, "promote", () => promote(run)),
  observe: (run) => audited(run, "observe", () => observe(run, "new")),
  retire: (run) => audited(run, "retire", () => retireOld(run)),
};

async function goForward(run: RotationRun): Promise<void> {
  for (const step of rotationSteps) {
    if (step !== "retire") assertNotCancelled(run);
    const outcome = await run.job.step(step, async () => {
      await note(run, { step, state: "running", error: null });
      return (await work[step](run)) ?? null;
    });
    if (outcome === "held") return await hold(run);
    if (outcome === "waiting") return;
  }
  await note(run, {
    state: "succeeded",
    active_key: null,
    sealed_old: null,
    sealed_new: null,
    next_step: "",
    finished_at: run.parts.clock.now(),
  });
}

async function setAtService(run: RotationRun): Promise<void> {
  const { rotator } = run.service;
  if (run.row.kind === "assisted" || !rotator) return;
  const next = await openValue(run, "sealed_new");
  await warn(run, await atService(run, (context) => rotator.set(context, next)));
}

async function promote(run: RotationRun): Promise<void> {
  const { rotator } = run.service;
  const next = await openValue(run, "sealed_new");
  if (run.row.kind === "automatic") await atService(run, async (context) => rotator?.promote?.(context, next));
  // Before the write: after a crash in between it counts as promoted, and the environment itself tells the truth.
  if (run.row.promoted_at === null) await note(run, { promoted_at: run.parts.clock.now(), observed_ms: 0 });
  await changeServed(run, "new");
  if ((await lookAtServed(run)) === "new") return;
  throw new StepFailure(
    new AppError("invalid_input", `The environment does not serve what was written for ${run.target.variable}.`, {
      hint: "Something else in the environment sets this path too.",
    }),
  );
}

async function hold(run: RotationRun): Promise<void> {
  const nextStep = `Restart what still uses the old ${run.target.variable}; the rotation then ends by itself.`;
  await note(run, { state: "held", next_step: nextStep });
  await alert(run, "warning", {
    title: `The old ${run.target.variable} is still in use`,
    detail: `The new value is served. The old one stays valid until nobody uses it. ${nextStep}`,
  });
}
