import { AppError } from "../../errors/app-error.ts";
import type { ConsumerRow } from "./consumer-rows.ts";
import { checkKey } from "./check-key.ts";
import { graceOf } from "./rotation-parts.ts";
import { atService, note, openValue, type RotationRun } from "./rotation-run.ts";
import type { RotationLimits } from "./rotation-types.ts";
import { StepFailure } from "./step-failure.ts";
import { type ConsumerWatch, watchConsumers } from "./watch-consumers.ts";

/**
 * Waits until nobody uses the value that is no longer served: at least the grace, and until no live consumer and no
 * session at the service is left. `held` when that did not come within the longest grace. While the new value is
 * served its probe and the calls made with it are watched; throws StepFailure when they fail.
 */
export async function observe(run: RotationRun, served: "old" | "new"): Promise<"settled" | "held"> {
  const { parts, target, job } = run;
  const { clock, limits, consumers } = parts;
  const watch = watchConsumers({ consumers, target, clock, livesMs: limits.consumerLivesMs });
  let lookedAt = clock.monotonic();
  let probedAt = -Infinity;
  for (;;) {
    const rows = await watch.look();
    const now = clock.monotonic();
    // A process that stood still saw nothing of that time, and the consumers may have stood still with it.
    const seenMs = Math.min(now - lookedAt, 2 * limits.observeEveryMs);
    lookedAt = now;
    await note(run, { observed_ms: Math.round(run.row.observed_ms + seenMs) });
    if (served === "new") {
      assertCallsSucceed(run, rows);
      assertNotCancelled(run);
      if (now - probedAt >= probeEveryMs(run)) {
        await probeServed(run);
        probedAt = now;
      }
    }
    if (run.row.observed_ms >= graceOf(limits) && (await isLeft(run, watch, served))) return "settled";
    if (run.row.observed_ms >= limits.maximumGraceMs) return "held";
    await clock.sleep(limits.observeEveryMs, job.signal);
  }
}

export function assertNotCancelled(run: RotationRun): void {
  if (run.row.cancel_requested === 0) return;
  throw new StepFailure(new AppError("denied", "The rotation was cancelled.", { hint: "The old value is served." }));
}

/** A vendor's API is asked as seldom as possible, a database of our own at each look. */
function probeEveryMs({ row, parts: { limits } }: RotationRun): number {
  return row.kind === "automatic" ? limits.observeEveryMs : graceOf(limits) / 2;
}

async function probeServed(run: RotationRun): Promise<void> {
  const next = await openValue(run, "sealed_new");
  const { service, target, parts, row } = run;
  if (row.kind === "automatic") {
    await atService(run, async (context) => service.rotator?.validate(context, next));
    return;
  }
  try {
    await atService(run, ({ signal }) => checkKey(parts, target, { service, value: next, signal }));
  } catch (thrown) {
    // A vendor that does not answer says nothing about the key, and to take a good one back a person has to make another.
    if (!(thrown instanceof StepFailure) || thrown.error.kind === "denied") throw thrown;
    parts.log.warn(
      { service: service.id, error: thrown.error },
      "a new key could not be tried; the next look tries again",
    );
  }
}

async function isLeft(run: RotationRun, watch: ConsumerWatch, served: "old" | "new"): Promise<boolean> {
  const { row, service } = run;
  const fingerprint = served === "new" ? row.old_fingerprint : row.new_fingerprint;
  if (watch.users(fingerprint).length > 0) return false;
  if (row.kind === "assisted" || !service.rotator?.observe) return true;
  const value = await openValue(run, served === "new" ? "sealed_old" : "sealed_new");
  const sessions = await atService(run, async (context) => service.rotator?.observe?.(context, value));
  return (sessions ?? 0) === 0;
}

function assertCallsSucceed({ row, parts: { limits } }: RotationRun, rows: readonly ConsumerRow[]): void {
  const before = sumUp(rows.filter((each) => each.fingerprint === row.old_fingerprint));
  const after = sumUp(rows.filter((each) => each.fingerprint === row.new_fingerprint));
  if (!isTooMany(before, after, limits)) return;
  const share = (100 * rateOf(after)).toFixed(1);
  throw new StepFailure(
    new AppError("unavailable", `${after.failures} of ${after.calls} calls with the new value failed (${share} %).`, {
      hint: "The old value is served again. Look at the consumers' logs for the reason.",
    }),
  );
}

interface Calls {
  calls: number;
  failures: number;
}

function isTooMany(before: Calls, after: Calls, limits: RotationLimits): boolean {
  return after.calls >= limits.minimumCalls && rateOf(after) > Math.max(limits.errorRate, 3 * rateOf(before));
}

function rateOf({ calls, failures }: Calls): number {
  return calls === 0 ? 0 : failures / calls;
}

function sumUp(rows: readonly Calls[]): Calls {
  return rows.reduce((sum, { calls, failures }) => ({ calls: sum.calls + calls, failures: sum.failures + failures }), {
    calls: 0,
    failures: 0,
  });
}
