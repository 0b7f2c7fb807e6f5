import { AppError } from "../../errors/app-error.ts";
import type { Secret } from "../../config/secret.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import type { EnvironmentId } from "../backend/secret-backend.ts";
import type { RotationParts } from "./rotation-parts.ts";
import type { BackupSummary, RestoreResult } from "./rotation-types.ts";
import { readServedSecret, writeSecretValues } from "./served-secret.ts";

/**
 * Makes the text of a backup the newest revision. What was rotated since keeps its present value: the one in the
 * backup is no longer valid. Throws a conflict when somebody writes at the same moment.
 */
export async function restoreBackup(parts: RotationParts, id: string, actor: string): Promise<RestoreResult> {
  const { backup, yaml } = await parts.backups.open(id);
  const { environment } = backup;
  const { etag } = await parts.backend.read(environment);
  await refuseDuringRotation(parts, environment);
  const before = await parts.backups.take(environment, `before restoring ${id}, by ${actor}`);
  const kept = await presentValues(parts, backup);
  const result = await parts.backend.update(environment, writeSecretValues(yaml, kept), {
    etag,
    message: `Restore backup ${id} of revision ${backup.revision}`,
  });
  if (!result.kept) {
    throw new AppError(
      "invalid_input",
      `The backup of ${formatEnvironmentId(environment)} has errors and was not restored.`,
      {
        hint: "Another environment that it imports may have changed since.",
      },
    );
  }
  return { environment, revision: result.revision, keptPaths: [...kept.keys()], backupId: before.id };
}

async function presentValues(parts: RotationParts, backup: BackupSummary): Promise<Map<string, Secret>> {
  const values = new Map<string, Secret>();
  for (const row of await parts.rows.list({ environment: backup.environment, limit: 1_000 })) {
    // Not by the clock, which may have been set back in between.
    const isLater = (row.post_revision ?? 0) > backup.revision && row.served === "new";
    if (!isLater || values.has(row.path)) continue;
    const served = await readServedSecret(parts.backend, { environment: backup.environment, path: row.path });
    values.set(row.path, served.value);
  }
  return values;
}

async function refuseDuringRotation(parts: RotationParts, environment: EnvironmentId): Promise<void> {
  const rows = await parts.rows.list({ environment, limit: 1_000 });
  const active = rows.find((row) => row.active_key !== null && row.state !== "waiting");
  if (!active) return;
  throw new AppError("invalid_input", `A rotation of ${active.variable} is under way in this environment.`, {
    hint: `Wait for rotation ${active.id}, or cancel it; then restore.`,
  });
}
