import { AppError } from "@sophia/core/errors/app-error";
import { unlessMissing } from "@sophia/core/errors/unless-missing";
import { isConflict } from "@sophia/core/secrets/backend/conflict";
import { parseEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId, UpdateResult } from "@sophia/core/secrets/backend/secret-backend";
import type { MigrationStore } from "./migration-store.ts";
import type { RunFolder } from "./run-folder.ts";
import type { EnvironmentRecord } from "./run-state.ts";
import { backupName, describeChange } from "./write-environments.ts";

const revisionsLookedAt = 100;

/**
 * Every environment that the run wrote as it was before, or gone where there was none. All or none: one that stayed might
 * name values of those that went. Returns what stands against it.
 * @param undone ids of runs that are undone already: their revisions are nobody's work any more.
 */
export async function undoEnvironments(
  store: MigrationStore,
  folder: RunFolder,
  undone: readonly string[],
): Promise<string[]> {
  const open = folder.state.environments.filter((record) => !record.undone).toReversed();
  const known = new Set([folder.state.id, ...undone].flatMap((run) => [describeChange(run), describeUndo(run)]));
  const against: string[] = [];
  for (const record of open) {
    const foreign = await findForeign(store, record, known);
    if (foreign !== undefined) against.push(foreign);
  }
  if (against.length > 0) return against;
  for (const record of open) {
    const refusal = await undoOne(store, folder, record);
    if (refusal !== undefined) return [refusal];
    const environments = folder.state.environments.map((each) =>
      each.id === record.id ? { ...each, undone: true } : each,
    );
    await folder.save({ environments });
  }
  return [];
}

async function findForeign(
  store: MigrationStore,
  record: EnvironmentRecord,
  known: ReadonlySet<string>,
): Promise<string | undefined> {
  const id = store.locate(parseEnvironmentId(record.id));
  if ((await unlessMissing(store.backend.get(id))) === undefined) return undefined;
  // The first revision is the empty one of its creation. A store that keeps no messages knows only the noted revisions.
  const last = Math.max(record.revisionBefore ?? 1, record.revisionAfter ?? 1);
  const since = await store.backend.revisions(id, { limit: revisionsLookedAt });
  const foreign = since.find(({ revision, message }) => revision > last && !known.has(message));
  return foreign && `${record.id} was changed since by ${foreign.author} (revision ${foreign.revision}).`;
}

async function undoOne(
  store: MigrationStore,
  folder: RunFolder,
  record: EnvironmentRecord,
): Promise<string | undefined> {
  const id = store.locate(parseEnvironmentId(record.id));
  const { revisionBefore } = record;
  const current = await unlessMissing(store.backend.get(id));
  if (current?.revision === revisionBefore) return undefined;
  try {
    if (revisionBefore === undefined) await store.backend.delete(id);
    else {
      const message = describeUndo(folder.state.id);
      const isThere = current !== undefined && (await hasRevision(store, id, revisionBefore));
      const result = isThere
        ? await store.backend.rollback(id, revisionBefore, { message })
        : await restoreBackup(store, folder, { record, id, message });
      if (!result.kept) return `${record.id} does not take its earlier text any more.`;
    }
    return undefined;
  } catch (thrown) {
    if (isConflict(thrown)) return `${record.id} is being changed by somebody else.`;
    throw thrown;
  }
}

/** The sealed copy of the text before: for an environment that somebody deleted since, or whose old revision is gone. */
async function restoreBackup(
  store: MigrationStore,
  folder: RunFolder,
  { record, id, message }: { record: EnvironmentRecord; id: EnvironmentId; message: string },
): Promise<UpdateResult> {
  const text = await folder.unseal(backupName(parseEnvironmentId(record.id)));
  if (text === undefined) throw new AppError("not_found", `The sealed copy of ${record.id} is gone.`);
  if ((await unlessMissing(store.backend.get(id))) === undefined) await store.backend.create(id, { message });
  return await store.backend.update(id, text.toString("utf8"), { message });
}

async function hasRevision(store: MigrationStore, id: EnvironmentId, revision: number): Promise<boolean> {
  const [found] = await store.backend.revisions(id, { before: revision + 1, limit: 1 });
  return found?.revision === revision && !found.retracted;
}

function describeUndo(run: string): string {
  return `Undo ${run}`;
}
