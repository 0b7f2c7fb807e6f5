import { replaceSecret, type Secret, unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import { isConflict } from "../backend/conflict.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import { persist } from "./persist.ts";
import { fingerprintOf, note, openValue, type RotationRun } from "./rotation-run.ts";
import { StepFailure } from "./step-failure.ts";
import { readServedSecret, writeOldSecret, writeServedSecret } from "./served-secret.ts";

/** Which value the environment serves now: ours, the former, or one that somebody else put there. */
export async function lookAtServed(run: RotationRun): Promise<"old" | "new" | "other"> {
  const { parts, job, target } = run;
  const options = { signal: job.signal, tries: parts.limits.writeTries };
  try {
    const { value } = await persist(parts, options, () => readServedSecret(parts.backend, target));
    return compareServed(run, value);
  } catch (thrown) {
    // Somebody took the secret, or its whole environment, away.
    if (thrown instanceof StepFailure && thrown.error.kind === "not_found") return "other";
    throw thrown;
  }
}

function compareServed(run: RotationRun, value: Secret): "old" | "new" | "other" {
  const fingerprint = fingerprintOf(run, unwrap(value));
  if (fingerprint === run.row.new_fingerprint) return "new";
  return fingerprint === run.row.old_fingerprint ? "old" : "other";
}

/**
 * Makes the new value the served one by one new revision, or the old one again. A write that somebody else overtook is
 * tried again on their text, unless they changed this very secret: theirs stays and the step fails.
 */
export async function changeServed(run: RotationRun, to: "old" | "new"): Promise<void> {
  const { parts, job } = run;
  const isRepeatable = (error: AppError, thrown: unknown): boolean => isConflict(thrown) || error.retryable;
  const options = { signal: job.signal, tries: parts.limits.writeTries, isRepeatable };
  const revision = await persist(parts, options, () => changeOnce(run, to));
  await note(run, to === "new" ? { post_revision: revision, served: "new" } : { served: "old" });
  await followHere(run, to);
}

/** This process's own connections would otherwise hold the value that is to be left. */
async function followHere(run: RotationRun, to: "old" | "new"): Promise<void> {
  const { environment, path } = run.target;
  const name = formatEnvironmentId(environment);
  const own = (run.parts.ownSecrets ?? []).filter(
    (each) => formatEnvironmentId(each.environment) === name && each.path === path,
  );
  if (own.length === 0) return;
  const value = unwrap(await openValue(run, to === "new" ? "sealed_new" : "sealed_old"));
  for (const { secret } of own) replaceSecret(secret, value);
}

async function changeOnce(run: RotationRun, to: "old" | "new"): Promise<number> {
  const { parts, target, row } = run;
  const { value, source } = await readServedSecret(parts.backend, target);
  const served = compareServed(run, value);
  // A crash between the write and its note: it is done.
  if (served === to) return source.revision;
  if (served === "other") throw overtaken(run);
  const yaml = await writeText(run, to, source.yaml);
  const message = to === "new" ? `Rotate ${target.variable}` : `Undo the rotation of ${target.variable}`;
  const result = await parts.backend.update(target.environment, yaml, {
    etag: source.etag,
    message: `${message} (${row.id})`,
  });
  if (result.kept) return result.revision;
  throw new AppError("invalid_input", "The environment with the rotated secret has errors and was not kept.", {
    hint: `Check ${formatEnvironmentId(target.environment)} and mend it; then rotate again.`,
  });
}

async function writeText(run: RotationRun, to: "old" | "new", yaml: string): Promise<string> {
  const { target, row, parts } = run;
  const previous = await openValue(run, "sealed_old");
  if (to === "old") return writeOldSecret(yaml, target.path, previous);
  const value = await openValue(run, "sealed_new");
  return writeServedSecret(yaml, target.path, { value, previous, rotationId: row.id, rotatedAt: parts.clock.now() });
}

function overtaken({ target }: RotationRun): AppError {
  return new AppError("invalid_input", `Somebody else changed ${target.variable} during its rotation.`, {
    hint: "Theirs is served. Rotate again if it is still needed.",
  });
}
