import { formatCommand } from "../../config/command-line.ts";
import type { ErrorKind } from "../../errors/app-error.ts";
import { changeServed, lookAtServed } from "./change-served.ts";
import { checkKey } from "./check-key.ts";
import { observe } from "./observe.ts";
import { alert, atService, audited, note, openValue, type RotationRun, warn } from "./rotation-run.ts";
import { rotationSteps } from "./rotation-types.ts";
import { StepFailure } from "./step-failure.ts";

/**
 * Undoes a rotation whose step failed: before the promotion the pending value is dropped, after it the old value is
 * served again. Nothing that is served, or might be, is ever made invalid; where that leaves two valid values, or work
 * for a person, the rotation says so.
 */
export async function undoRotation(run: RotationRun): Promise<void> {
  const served = await ended(() => lookAtServed(run));
  if (served === undefined) {
    await fail(run, "unknown", {
      title: `Whether the rotation of ${run.target.variable} is served is not known`,
      detail: "The environment cannot be read. The old and the new value are both valid: whichever is served works.",
      nextStep: `When the secret store answers again: ${resumeCommand(run)}`,
    });
    return;
  }
  await note(run, { served: served === "other" ? "unknown" : served });
  if (served === "other") return await leaveTheirs(run);
  if (served === "new" && !(await swapBack(run))) return;
  if (mayBeInUse(run, served) && (await observe(run, "old")) === "held") {
    await warn(run, ["A consumer still uses the new value, which therefore stays valid until the next rotation."]);
    await finish(run);
    return;
  }
  await dropPending(run);
  await finish(run);
}

/** Consumers may have taken the new value: then it stays valid until they have the old one again. */
function mayBeInUse({ row, job }: RotationRun, served: "old" | "new"): boolean {
  return served === "new" || row.post_revision !== null || (row.promoted_at !== null && job.attempt > 1);
}

/** The result, or undefined when no further try would give one. */
async function ended<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof StepFailure) return undefined;
    throw thrown;
  }
}

async function leaveTheirs(run: RotationRun): Promise<void> {
  // Theirs may belong to the identity that was prepared here: disabling it could make the served value invalid.
  await warn(run, ["The new value was prepared at the service and stays valid there until the next rotation."]);
  await finish(run);
}

async function swapBack(run: RotationRun): Promise<boolean> {
  const { row, target } = run;
  const variable = target.variable;
  if (!(await works(run, "sealed_old"))) {
    const newWorks = await works(run, "sealed_new");
    await fail(run, "new", {
      title: newWorks ? `The old ${variable} no longer works: the new one stays` : `No ${variable} works`,
      detail: newWorks
        ? "The rotation was to be undone, but the service refuses the old value. The new one works and is served."
        : "The service refuses the old value and the new one. The new one is served.",
      nextStep: newWorks
        ? `Find out why calls failed: ${row.error === null ? "see the log" : "see the error of this rotation"}.`
        : `Make a new credential at the service and hand it over: ${formatCommand(`secrets set ${row.environment} ${row.path}`)}`,
      isOver: true,
    });
    return false;
  }
  const swapped = await ended(async () => {
    await audited(run, "swap_back", () => changeServed(run, "old"));
    return true;
  });
  if (swapped) return true;
  await fail(run, "new", {
    title: `The rotation of ${variable} could not be undone`,
    detail: "The new value is still served and still valid, and so is the old one. Nothing was made invalid.",
    nextStep:
      row.pre_revision === null
        ? resumeCommand(run)
        : `${formatCommand(`secrets rollback ${row.environment}@${row.pre_revision}`)} and then ${resumeCommand(run)}`,
  });
  return false;
}

async function works(run: RotationRun, which: "sealed_old" | "sealed_new"): Promise<boolean> {
  const { service, target, parts } = run;
  const value = await openValue(run, which);
  const answer = await ended(async () => {
    await atService(run, async (context) => {
      if (run.row.kind === "automatic") await service.rotator?.validate(context, value);
      else await checkKey(parts, target, { service, value, signal: context.signal });
    });
    return true;
  });
  return answer ?? false;
}

const refusals: ReadonlySet<ErrorKind> = new Set(["invalid_input", "not_found", "not_configured", "denied"]);

/** A refused `set` had no effect: then there is nothing to drop, and whoever uses that identity keeps it. */
function mayBePending({ row }: RotationRun): boolean {
  if (row.kind === "assisted" || row.sealed_new === null || row.sealed_old === null) return false;
  if (row.step !== "set") return rotationSteps.indexOf(row.step) > rotationSteps.indexOf("set");
  const kind = row.error === null ? undefined : (JSON.parse(row.error) as { kind?: ErrorKind }).kind;
  return kind === undefined || !refusals.has(kind);
}

async function dropPending(run: RotationRun): Promise<void> {
  if (!mayBePending(run)) return;
  const { rotator } = run.service;
  const next = await openValue(run, "sealed_new");
  const dropped = await ended(async () => {
    await audited(run, "drop", () => atService(run, async (context) => rotator?.retire(context, next)));
    return true;
  });
  if (!dropped) await warn(run, ["The new value could not be dropped at the service: the next rotation replaces it."]);
  if (await works(run, "sealed_old")) return;
  await alert(run, "critical", {
    title: `The served ${run.target.variable} does not work`,
    detail: "A rotation was undone, and the service refuses the value that is served, or does not answer.",
  });
  await warn(run, ["The service does not accept the served value, or does not answer."]);
}

async function finish(run: RotationRun): Promise<void> {
  const { parts, row, target } = run;
  const isCancelled = row.cancel_requested === 1;
  await note(run, {
    state: isCancelled ? "cancelled" : "rolled_back",
    active_key: null,
    sealed_old: null,
    sealed_new: null,
    next_step: "",
    finished_at: parts.clock.now(),
  });
  if (isCancelled) return;
  const error = row.error === null ? "" : (JSON.parse(row.error) as { message: string }).message;
  const left = row.served === "old" ? "The old value is served." : "A value that somebody else set is served.";
  await alert(run, "warning", {
    title: `The rotation of ${target.variable} was undone`,
    detail: `${error} ${left}`.trim(),
  });
}

interface Failure {
  title: string;
  detail: string;
  nextStep: string;
  /** Nothing is left that a resumed rotation could do. */
  isOver?: boolean;
}

async function fail(run: RotationRun, served: "new" | "unknown", failure: Failure): Promise<void> {
  const { title, detail, nextStep, isOver = false } = failure;
  await note(run, {
    state: "failed",
    served,
    next_step: nextStep,
    ...(isOver && { active_key: null, sealed_old: null, sealed_new: null }),
    finished_at: run.parts.clock.now(),
  });
  await alert(run, "critical", { title, detail: `${detail} Next: ${nextStep}` });
}

function resumeCommand({ row }: RotationRun): string {
  return formatCommand(`secrets rotate --resume ${row.id}`);
}
