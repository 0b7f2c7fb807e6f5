import { toTarget } from "./rotation-run.ts";
import type { RotationRow } from "./rotation-rows.ts";
import type { RotationStatus } from "./rotation-types.ts";

/** A rotation as others see it: nothing that is sealed. */
export function toStatus(row: RotationRow): RotationStatus {
  const error = row.error === null ? undefined : (JSON.parse(row.error) as { message: string; hint?: string });
  return {
    ...toTarget(row),
    id: row.id,
    kind: row.kind,
    state: row.state,
    step: row.step,
    served: row.served,
    actor: row.actor,
    trigger: row.trigger,
    preRevision: row.pre_revision ?? undefined,
    postRevision: row.post_revision ?? undefined,
    oldFingerprint: row.old_fingerprint ?? undefined,
    newFingerprint: row.new_fingerprint ?? undefined,
    backupId: row.backup_id ?? undefined,
    warnings: JSON.parse(row.warnings) as string[],
    error: error && { message: error.message, ...(error.hint !== undefined && { hint: error.hint }) },
    nextStep: row.next_step,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    promotedAt: row.promoted_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  };
}
