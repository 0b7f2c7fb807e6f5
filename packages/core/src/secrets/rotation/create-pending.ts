import { unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import { persist } from "./persist.ts";
import { atService, fingerprintOf, note, type RotationRun } from "./rotation-run.ts";
import { readServedSecret } from "./served-secret.ts";
import { StepFailure } from "./step-failure.ts";

/** Backs the environment up and makes the new value; both values are kept sealed. Run again, it keeps what it made. */
export async function createPending(run: RotationRun): Promise<void> {
  if (run.row.sealed_old === null) await keepOld(run);
  if (run.row.sealed_new === null) await makeNew(run);
  if (run.row.old_fingerprint !== run.row.new_fingerprint) return;
  throw new StepFailure(
    new AppError("invalid_input", "The new value is the one that is served already.", {
      hint: "Make another key; the old one is left alone.",
    }),
  );
}

async function keepOld(run: RotationRun): Promise<void> {
  const { parts, target, job, row } = run;
  const { environment } = target;
  const budget = { signal: job.signal, tries: parts.limits.writeTries };
  const { value, source } = await persist(parts, budget, () => readServedSecret(parts.backend, target));
  const backup = await persist(parts, budget, () => parts.backups.take(environment, `before rotation ${row.id}`));
  await persist(parts, budget, () =>
    parts.backend.tagRevision(environment, `before-rotation-${row.id.slice(0, 8)}`, source.revision),
  );
  await note(run, {
    backup_id: backup.id,
    pre_revision: source.revision,
    sealed_old: await parts.keys.seal(environment, unwrap(value)),
    old_fingerprint: fingerprintOf(run, unwrap(value)),
  });
}

async function makeNew(run: RotationRun): Promise<void> {
  const { rotator } = run.service;
  if (!rotator || run.row.kind === "assisted") throw new AppError("internal", "No key was handed over.");
  const next = unwrap(await atService(run, (context) => rotator.create(context)));
  await note(run, {
    sealed_new: await run.parts.keys.seal(run.target.environment, next),
    new_fingerprint: fingerprintOf(run, next),
  });
}
