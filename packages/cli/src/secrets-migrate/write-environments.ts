import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { retryConflicts } from "@sophia/core/secrets/backend/retry-conflicts";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { AppError } from "@sophia/core/errors/app-error";
import { unlessMissing } from "@sophia/core/errors/unless-missing";
import { applyEdits } from "./environment-edits.ts";
import type { EnvironmentEdit } from "./environment-edits.ts";
import type { MigrationStore } from "./migration-store.ts";
import type { RunFolder } from "./run-folder.ts";
import type { EnvironmentRecord } from "./run-state.ts";

/** What becomes of one environment. */
export interface EnvironmentChange {
  id: EnvironmentId;
  /** Its text when it is not there yet. */
  initial: string;
  edits: readonly EnvironmentEdit[];
}

/**
 * Makes the changes, each between a sealed copy of the text before and a note of the revision after. An environment that
 * somebody else writes at the same moment is read again and edited again. Throws AppError `invalid_input` when the store
 * refuses a text, `unavailable` when others never stop writing.
 */
export async function writeEnvironments(
  store: MigrationStore,
  folder: RunFolder,
  changes: readonly EnvironmentChange[],
): Promise<void> {
  for (const change of changes) {
    await prepare(store, folder, change);
    const revision = await writeOne(store, change, folder.state.id);
    if (revision !== undefined) await record(folder, change.id, { revisionAfter: revision });
  }
}

/** Remembers what was there, once: a run that goes on after a crash must not take its own work for the state before. */
async function prepare(store: MigrationStore, folder: RunFolder, { id, initial }: EnvironmentChange): Promise<void> {
  const name = formatEnvironmentId(id);
  const known = folder.state.environments.find((each) => each.id === name);
  const before = await unlessMissing(store.backend.read(store.locate(id), { decrypt: true }));
  if (known === undefined) {
    if (before !== undefined) await folder.seal(backupName(id), Buffer.from(before.yaml));
    await record(folder, id, before === undefined ? {} : { revisionBefore: before.revision });
  }
  // Between making an environment and its first text a crash leaves it empty.
  const isBegun = known !== undefined && known.revisionBefore === undefined && before?.yaml.trim() === "";
  if (before !== undefined && !isBegun) return;
  const located = store.locate(id);
  if (before === undefined) await store.backend.create(located, { message: describeChange(folder.state.id) });
  const { etag } = await store.backend.read(located);
  const result = await store.backend.update(located, initial, { etag, message: describeChange(folder.state.id) });
  if (!result.kept) throw refused(id, result.diagnostics[0]?.summary);
  await record(folder, id, { revisionAfter: result.revision });
}

/** The new revision; undefined when the text already is as it should be. */
async function writeOne(store: MigrationStore, change: EnvironmentChange, run: string): Promise<number | undefined> {
  const located = store.locate(change.id);
  return await retryConflicts(async () => {
    const source = await store.backend.read(located);
    const text = applyEdits(source.yaml, change.edits);
    if (text === source.yaml) return undefined;
    const result = await store.backend.update(located, text, { etag: source.etag, message: describeChange(run) });
    if (!result.kept) throw refused(change.id, result.diagnostics[0]?.summary);
    return result.revision;
  });
}

/** Every revision of a run carries its id, so that undoing knows its own. */
export function describeChange(run: string): string {
  return `Migration ${run}`;
}

export function backupName(id: EnvironmentId): string {
  return `backup-${formatEnvironmentId(id).replaceAll("/", "-")}`;
}

async function record(folder: RunFolder, id: EnvironmentId, change: Partial<EnvironmentRecord>): Promise<void> {
  const name = formatEnvironmentId(id);
  const known = folder.state.environments.find((each) => each.id === name);
  const next: EnvironmentRecord = { undone: false, ...known, ...change, id: name };
  const rest = folder.state.environments.filter((each) => each.id !== name);
  await folder.save({ environments: [...rest, next] });
}

function refused(id: EnvironmentId, summary: string | undefined): AppError {
  return new AppError("invalid_input", `The store does not take the new text of ${formatEnvironmentId(id)}.`, {
    hint: `${summary ?? "It has an error"}. \`secrets check\` tells where.`,
  });
}
