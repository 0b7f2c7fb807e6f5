import { toAppError } from "../../errors/app-error.ts";
import { endOfBlackout, jitterOf } from "./blackouts.ts";
import type { RotationParts } from "./rotation-parts.ts";
import type { RotationRow } from "./rotation-rows.ts";
import type { RotationPolicy, RotationTarget } from "./rotation-types.ts";

export const dueJobKind = "rotation_due";

const weekMs = 7 * 24 * 60 * 60_000;
/** Sunday at three. */
const weekly = "0 3 * * 0";
const schedulePrefix = "rotation:";

/** Declares a policy; the same name again changes it, and one without targets rotates nothing. Throws AppError `invalid_input` when it leaves no time. */
export async function saveSchedule(parts: RotationParts, policy: RotationPolicy): Promise<void> {
  endOfBlackout(windowsOf(parts, policy), parts.clock.now());
  await parts.jobs.schedule({
    name: schedulePrefix + policy.name,
    cron: policy.cron ?? weekly,
    ...(policy.timezone !== undefined && { timezone: policy.timezone }),
    kind: dueJobKind,
    input: policy,
  });
}

export async function listPolicies(
  parts: RotationParts,
): Promise<(RotationPolicy & { nextRunAt: number; lastRunAt: number | undefined })[]> {
  const rows = await parts.store.db
    .selectFrom("schedules")
    .selectAll()
    .where("kind", "=", dueJobKind)
    .orderBy("name")
    .execute();
  return rows.map((row) => ({
    ...(JSON.parse(row.input) as RotationPolicy),
    nextRunAt: row.next_run_at,
    lastRunAt: row.last_run_at ?? undefined,
  }));
}

/** One firing of a policy: each of its secrets gets its own moment. A secret that cannot be rotated stops no other. */
export async function startDue(
  parts: RotationParts,
  policy: RotationPolicy,
  start: (target: RotationTarget, runAt: number) => Promise<unknown>,
): Promise<{ started: number; skipped: number }> {
  const now = parts.clock.now();
  let started = 0;
  for (const target of policy.targets) {
    try {
      if (await isTooYoung(parts, target, policy)) continue;
      const wished = now + jitterOf(target, policy.jitterMs ?? 2 * 60 * 60_000);
      await start(target, endOfBlackout(windowsOf(parts, policy), wished));
      started += 1;
    } catch (thrown) {
      const error = toAppError(thrown);
      parts.log.warn(
        { policy: policy.name, variable: target.variable, err: error },
        "A scheduled rotation cannot begin.",
      );
    }
  }
  return { started, skipped: policy.targets.length - started };
}

/** A wall clock that jumped ahead and back again must not rotate twice in a row. */
async function isTooYoung(parts: RotationParts, target: RotationTarget, policy: RotationPolicy): Promise<boolean> {
  const last = await parts.rows.findLast(target);
  if (last?.promoted_at === undefined || last.promoted_at === null) return false;
  const age = Math.abs(parts.clock.now() - last.promoted_at);
  return age < (policy.minimumAgeMs ?? weekMs / 2);
}

/**
 * For a scheduled rotation whose moment has come late, e.g. after a machine slept: the end of the blackout it would
 * fall into. Undefined when it may run now.
 */
export async function postponedUntil(parts: RotationParts, row: RotationRow): Promise<number | undefined> {
  if (row.trigger !== "schedule" || row.state !== "queued") return undefined;
  const policies = (await listPolicies(parts)).filter(({ name }) => row.actor === actorOf(name));
  const now = parts.clock.now();
  const windows = [...(parts.blackouts ?? []), ...policies.flatMap(({ blackouts }) => blackouts ?? [])];
  const openAt = endOfBlackout(windows, now);
  return openAt > now ? openAt : undefined;
}

export function actorOf(policyName: string): string {
  return `schedule:${policyName}`;
}

function windowsOf(parts: RotationParts, policy: RotationPolicy) {
  return [...(parts.blackouts ?? []), ...(policy.blackouts ?? [])];
}
