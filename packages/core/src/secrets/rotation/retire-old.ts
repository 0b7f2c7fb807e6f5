import { AppError } from "../../errors/app-error.ts";
import { lookAtServed } from "./change-served.ts";
import { atService, contextOf, note, openValue, type RotationRun, warn } from "./rotation-run.ts";
import { StepFailure } from "./step-failure.ts";

/** Makes the old value invalid; where only a person can do that, asks them to. */
export async function retireOld(run: RotationRun): Promise<"waiting" | "retired"> {
  // Somebody may have rolled the environment back by hand: then the old value is the one that must stay.
  if ((await lookAtServed(run)) !== "new") throw new StepFailure(noLongerServed(run));
  if (run.row.kind === "assisted") return await askToDelete(run);
  const { rotator } = run.service;
  const old = await openValue(run, "sealed_old");
  await warn(run, (await atService(run, async (context) => rotator?.retire(context, old))) ?? []);
  if (await stillWorks(run)) await warn(run, ["The service still accepts the old value after it was retired."]);
  return "retired";
}

async function stillWorks(run: RotationRun): Promise<boolean> {
  const { parts, job, service } = run;
  const signal = AbortSignal.any([job.signal, AbortSignal.timeout(parts.limits.callTimeoutMs)]);
  try {
    await service.rotator?.validate(await contextOf(run, signal), await openValue(run, "sealed_old"));
    return true;
  } catch {
    return false;
  }
}

async function askToDelete(run: RotationRun): Promise<"waiting"> {
  const { parts, service, target, row } = run;
  const instruction = `Delete the old key for ${target.variable} at ${service.docsUrl}; nobody uses it any more. Then confirm it.`;
  await parts.store.db
    .updateTable("rotation_tasks")
    .set({ state: "delete_old", instruction })
    .where("rotation_id", "=", row.id)
    .execute();
  await note(run, { state: "waiting", next_step: instruction });
  return "waiting";
}

function noLongerServed({ target }: RotationRun): AppError {
  return new AppError("invalid_input", `The environment no longer serves the new ${target.variable}.`, {
    hint: "Somebody rolled it back or changed it. Rotate again if it is still needed.",
  });
}
