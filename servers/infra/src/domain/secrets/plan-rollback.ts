import type { ChangePlan } from "@sophia/core/approval/change-plan";
import { AppError } from "@sophia/core/errors/app-error";
import { createConflict } from "@sophia/core/secrets/backend/conflict";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { compareLeaves, type LeafDifference } from "@sophia/core/secrets/inspect/compare-leaves";
import { hasErrors } from "@sophia/core/secrets/inspect/has-errors";
import { listLeaves } from "@sophia/core/secrets/inspect/list-leaves";
import { openOrCheck, readEnvironment } from "./read-environment.ts";
import type { SecretDesk } from "./secret-desk.ts";

export interface RollbackRequest {
  id: EnvironmentId;
  revision: number | string;
}

const maximumChanges = 40;

/** What would change by path, and whom that could hurt. Values are told apart, not told. */
export async function planRollback(
  desk: SecretDesk,
  { id, revision }: RollbackRequest,
  signal: AbortSignal,
): Promise<ChangePlan> {
  const environment = formatEnvironmentId(id);
  const [now, then] = await Promise.all([readEnvironment(desk, id), readEnvironment(desk, id, revision)]);
  if (then.revision === now.revision) {
    throw new AppError("invalid_input", `${environment} is at revision ${now.revision} already.`, {
      hint: "describe_environment lists its revisions.",
    });
  }
  if (hasErrors(then.checked.diagnostics)) {
    throw new AppError(
      "invalid_input",
      `Revision ${then.revision} of ${environment} has errors today: it cannot be put back.`,
      {
        hint: "check_environment with this revision tells which.",
      },
    );
  }
  const differences = await listChanges(desk, id, { revision: then.revision, signal });
  const outdated = await listRotatedSince(desk, { id, since: then.revision });
  const changes = differences.slice(0, maximumChanges).map((difference) => toChange(environment, difference));
  const more = differences.length - changes.length;
  const resource = { action: "update" as const, resource: `environment ${environment}` };
  return {
    summary: `Put the text of revision ${then.revision} of ${environment} back as its newest revision; now it is at ${now.revision}.`,
    changes: [
      { ...resource, before: `revision ${now.revision}`, after: `the text of revision ${then.revision}` },
      ...changes,
    ],
    blastRadius: [
      `Servers that read ${environment} take the older values within a minute; nothing restarts.`,
      ...(more > 0 ? [`${more} more values change.`] : []),
      ...(outdated.length > 0
        ? [`Rotated since, so that the older value is no longer valid: ${outdated.join(", ")}.`]
        : []),
    ].join(" "),
    risk: outdated.length > 0 ? "high" : "medium",
    costPerHourUsd: 0,
    stateVersion: `${now.revision}:${now.etag}:${then.revision}`,
  };
}

async function listChanges(
  desk: SecretDesk,
  id: EnvironmentId,
  { revision, signal }: { revision: number; signal: AbortSignal },
): Promise<LeafDifference[]> {
  const [now, then] = await Promise.all([
    openOrCheck(desk, id, { signal }),
    openOrCheck(desk, id, { revision, signal }),
  ]);
  const leaves = [now, then].map(({ environment }) => listLeaves(environment, { intoLists: true }));
  return compareLeaves(leaves[0] ?? [], leaves[1] ?? [], (text) => desk.fingerprint(text)).filter(
    ({ change }) => change !== "same",
  );
}

function toChange(environment: string, { path, change, before, after }: LeafDifference): ChangePlan["changes"][number] {
  const action = change === "added" ? "create" : change === "removed" ? "delete" : "update";
  const side = (each: LeafDifference["before"]): string | undefined =>
    each &&
    `${each.secret ? "secret" : each.type}${each.secret && each.fingerprint !== undefined ? ` ${each.fingerprint}` : ""}`;
  const [old, next] = [side(before), side(after)];
  const unsure = change === "not known" ? " (not known whether it differs)" : "";
  return {
    action,
    resource: `${environment} ${path}${unsure}`,
    ...(old !== undefined && { before: old }),
    ...(next !== undefined && { after: next }),
  };
}

async function listRotatedSince(
  desk: SecretDesk,
  { id, since }: { id: EnvironmentId; since: number },
): Promise<string[]> {
  const rotations = await desk.rotations(id);
  const later = rotations.filter(({ served, postRevision }) => served === "new" && (postRevision ?? 0) > since);
  return [...new Set(later.map(({ path }) => path))];
}

/** Writes it, if the environment is still what was planned on. Throws a conflict otherwise. */
export async function carryOutRollback(
  desk: SecretDesk,
  { id, revision }: RollbackRequest,
  stateVersion: string,
): Promise<{ revision: number }> {
  const [now, then] = await Promise.all([readEnvironment(desk, id), readEnvironment(desk, id, revision)]);
  if (`${now.revision}:${now.etag}:${then.revision}` !== stateVersion) {
    throw createConflict(`${formatEnvironmentId(id)} has changed since the plan was made.`, "Plan the rollback again.");
  }
  // Not the backend's own rollback: that one asks nobody whether somebody wrote in the meantime.
  const message = `Roll back to revision ${then.revision}`;
  const result = await desk.backend.update(id, then.yaml, { etag: now.etag, message });
  if (result.kept) return { revision: result.revision };
  throw new AppError("invalid_input", `Revision ${then.revision} of ${formatEnvironmentId(id)} has errors today.`, {
    hint: "check_environment with this revision tells which.",
  });
}
