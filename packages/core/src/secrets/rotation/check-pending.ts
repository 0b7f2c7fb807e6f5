import { AppError } from "../../errors/app-error.ts";
import { atService, openValue, type RotationRun } from "./rotation-run.ts";
import { checkKey } from "./check-key.ts";
import { StepFailure } from "./step-failure.ts";
import { watchConsumers } from "./watch-consumers.ts";

/** Tries the pending value here, as a consumer would, and from where each consumer is. Throws StepFailure when one refuses it. */
export async function checkPending(run: RotationRun): Promise<void> {
  const { service, target, parts } = run;
  const next = await openValue(run, "sealed_new");
  if (run.row.kind === "automatic") await atService(run, async (context) => service.rotator?.validate(context, next));
  else await atService(run, (context) => checkKey(parts, target, { service, value: next, signal: context.signal }));
  await askConsumers(run);
}

async function askConsumers(run: RotationRun): Promise<void> {
  const { parts, target, row, job } = run;
  const { consumers, checks, clock, limits } = parts;
  const watch = watchConsumers({ consumers, target, clock, livesMs: limits.consumerLivesMs });
  await watch.look();
  const willing = watch.alive().filter((consumer) => consumer.answers_checks === 1);
  const asked = new Set(willing.map(({ process }) => process));
  if (asked.size === 0 || row.sealed_new === null) return;
  await checks.ask({ rotation_id: row.id, environment: row.environment, path: row.path, sealed: row.sealed_new });
  try {
    const until = clock.monotonic() + limits.consumerCheckMs;
    for (;;) {
      const answers = await checks.answers(row.id);
      const refused = answers.find((answer) => answer.outcome === "refused");
      if (refused) throw new StepFailure(refusedBy(refused.process, refused.detail));
      const answered = new Set(answers.map((answer) => answer.process));
      await watch.look();
      const silent = watch.alive().filter(({ process }) => asked.has(process) && !answered.has(process));
      if (silent.length === 0) return;
      if (clock.monotonic() >= until) throw new StepFailure(noAnswer(silent[0]?.process ?? ""));
      await clock.sleep(Math.min(limits.observeEveryMs, 1_000), job.signal);
    }
  } finally {
    await checks.withdraw(row.id);
  }
}

function refusedBy(process: string, detail: string): AppError {
  return new AppError("denied", `The new value does not work for ${process}. ${detail}`.trim(), {
    hint: "The old value is still served. Find out why it works here and not there.",
  });
}

function noAnswer(process: string): AppError {
  return new AppError("timeout", `${process} did not say in time whether the new value works for it.`, {
    hint: "The old value is still served. Look whether that process is well; then rotate again.",
    retryable: false,
  });
}
