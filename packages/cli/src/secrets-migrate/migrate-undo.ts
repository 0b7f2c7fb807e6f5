import { readFile, stat } from "node:fs/promises";
import { AppError } from "@sophia/core/errors/app-error";
import { unlessMissing } from "@sophia/core/errors/unless-missing";
import type { GithubSecrets } from "@sophia/vendors/github/secrets-api";
import type { CommandContext } from "../commands/command-context.ts";
import { recordSecretAct } from "../secrets/record-secret-act.ts";
import { mark, placeOf, withdrawDeletion } from "./github-delete.ts";
import { openResults } from "./github-results.ts";
import { requireGithub, withGithub } from "./github-session.ts";
import type { MigrationStore } from "./migration-store.ts";
import { parseEnvText, removeEntries } from "./parse-env-text.ts";
import { readOnlyRefusal } from "./read-only-refusal.ts";
import { replaceTextFile } from "./replace-text-file.ts";
import { lockMigrations, openRunFolders } from "./run-folder.ts";
import type { RunFolder, RunFolders } from "./run-folder.ts";
import { undoEnvironments } from "./undo-environments.ts";
import { openClone } from "./workflows/clone-branch.ts";

export interface MigrateUndoOptions {
  store: MigrationStore;
  /** Id of a migration or import; undefined for the newest that can be undone. */
  run: string | undefined;
  dryRun: boolean;
  json: boolean;
}

/**
 * `sophia secrets migrate --undo [RUN]`: environments, files, branches and plans as they were before; secrets that were
 * deleted from GitHub are given back first. What somebody has changed since is left alone and told: exit code 1.
 */
export async function runMigrateUndo(context: CommandContext, options: MigrateUndoOptions): Promise<number> {
  if (context.config.platform.readOnly && !options.dryRun) throw readOnlyRefusal();
  const folders = openRunFolders(context.config.platform.dataDir, options.store.keyring);
  const lock = lockMigrations(context.config.platform.dataDir);
  try {
    const folder = await chooseRun(folders, options.run);
    const earlier = (await folders.list()).filter(({ phase }) => phase === "undone").map(({ id }) => id);
    if (folder.state.kind !== "github") return await undo(context, options, { folder, earlier, github: undefined });
    return await withGithub(context, folder.state.source, (github) =>
      undo(context, options, { folder, earlier, github }),
    );
  } finally {
    lock.release();
  }
}

async function chooseRun(folders: RunFolders, wanted: string | undefined): Promise<RunFolder> {
  const states = await folders.list();
  const id = wanted ?? states.find(({ phase }) => phase !== "undone")?.id;
  if (id === undefined)
    throw new AppError("not_found", "There is no migration or import to undo.", { hint: "migrate --list shows all." });
  return await folders.open(id);
}

async function undo(
  context: CommandContext,
  options: MigrateUndoOptions,
  { folder, earlier, github }: { folder: RunFolder; earlier: readonly string[]; github: GithubSecrets | undefined },
): Promise<number> {
  const { terminal } = context;
  const steps = describeSteps(folder);
  if (options.dryRun || steps.length === 0) {
    if (options.json) terminal.print(JSON.stringify({ run: folder.state.id, dryRun: options.dryRun, steps, left: [] }));
    else for (const step of steps) terminal.print(step);
    if (steps.length === 0) terminal.note(`There is nothing to undo of ${folder.state.id}.`);
    // It ended before it changed anything: the next --undo is about the one before it.
    if (steps.length === 0 && !options.dryRun) await folder.save({ phase: "undone" });
    return 0;
  }
  const left = await recordSecretAct(context, {
    command: "migrate.undo",
    effect: "update",
    subject: { run: folder.state.id, kind: folder.state.kind, source: folder.state.source },
    run: () => undoAll(context, { store: options.store, folder, github, earlier }),
    describe: (remaining) => (remaining.length === 0 ? "undone" : "partly undone"),
  });
  if (options.json) terminal.print(JSON.stringify({ run: folder.state.id, dryRun: false, steps, left }));
  else {
    for (const step of steps) terminal.print(step);
    for (const reason of left) terminal.note(`Left: ${reason}`);
    terminal.note(
      left.length === 0
        ? `Everything is as it was before ${folder.state.id}.`
        : "Settle these, then run the same again.",
    );
  }
  return left.length > 0 ? 1 : 0;
}

/** Each step is noted when it is done, so undoing may be interrupted as well. Returns what could not be undone. */
async function undoAll(
  context: CommandContext,
  {
    store,
    folder,
    github,
    earlier,
  }: {
    store: MigrationStore;
    folder: RunFolder;
    github: GithubSecrets | undefined;
    earlier: readonly string[];
  },
): Promise<string[]> {
  await withdrawDeletion(context, folder);
  // Before anything else: from here on they may be nowhere but in the sealed results.
  await writeBack(folder, github);
  const left: string[] = [];
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.kind === "internal") throw thrown;
      left.push(thrown.message);
    }
  };
  left.push(...(await undoEnvironments(store, folder, earlier)));
  await attempt(() => removeBranches(folder));
  await attempt(() => restoreFile(folder));
  if (left.length === 0) await folder.save({ phase: "undone" });
  return left;
}

async function writeBack(folder: RunFolder, github: GithubSecrets | undefined): Promise<void> {
  const items = (folder.state.deletion?.items ?? []).filter(({ state }) => state === "deleted" || state === "deleting");
  if (items.length === 0) return;
  const api = requireGithub(github, "Giving deleted secrets back");
  const { secrets } = await openResults(folder);
  for (const item of items) {
    const place = placeOf(item.scope);
    if ((await api.find(place, item.name)) === undefined) {
      const value = secrets.find(({ scope, name }) => scope === item.scope && name === item.name)?.value;
      if (value === undefined)
        throw new AppError("not_found", `The sealed value of ${item.name} is gone.`, { hint: "Set it by hand." });
      await api.put(place, item.name, value);
      if ((await api.find(place, item.name)) === undefined) {
        throw new AppError("upstream", `GitHub does not list ${item.name} after it was written back.`, {
          service: "github",
        });
      }
    }
    await mark(folder, item, "written back");
  }
}

async function removeBranches(folder: RunFolder): Promise<void> {
  for (const key of ["exportBranch", "rewriteBranch"] as const) {
    const { github } = folder.state;
    const record = github?.[key];
    if (github === undefined || record === undefined) continue;
    const clone = await unlessMissing(openClone(record.clone));
    await clone?.removeBranch(record);
    await folder.save({ github: { ...github, [key]: undefined } });
  }
}

/** Only over the file as it was left: what somebody wrote into it since is not thrown away. */
async function restoreFile(folder: RunFolder): Promise<void> {
  if (folder.state.file?.removed !== true) return;
  const path = folder.state.source;
  const original = (await folder.unseal("file"))?.toString("utf8");
  const current = await readFile(path, "utf8").catch(() => undefined);
  if (original === undefined) throw new AppError("not_found", `The sealed copy of ${path} is gone.`);
  if (current !== undefined && current !== original) {
    const names = new Set(folder.state.secrets.map(({ name }) => name));
    const left = removeEntries(
      original,
      parseEnvText(original).entries.filter(({ name }) => names.has(name)),
    );
    if (current !== left) throw new AppError("denied", `${path} was changed since its lines were taken out.`);
  }
  if (current !== original) {
    const mode = current === undefined ? 0o600 : (await stat(path)).mode;
    await replaceTextFile(path, original, { mode, ...(current !== undefined && { before: current }) });
  }
  await folder.save({ file: { removed: false } });
}

function describeSteps({ state }: RunFolder): string[] {
  const { environments, github, file, deletion, phase } = state;
  if (phase === "undone") return [];
  const branches = [github?.exportBranch, github?.rewriteBranch].filter((branch) => branch !== undefined);
  const deleted = (deletion?.items ?? []).filter(({ state: each }) => each === "deleted" || each === "deleting");
  return [
    ...deleted.map(({ name }) => `write ${name} back to GitHub`),
    ...environments
      .filter(({ undone }) => !undone)
      .toReversed()
      .map(({ id, revisionBefore }) =>
        revisionBefore === undefined ? `delete ${id}` : `roll ${id} back to revision ${revisionBefore}`,
      ),
    ...branches.map(({ name }) => `remove branch ${name}`),
    ...(file?.removed === true ? [`restore ${state.source}`] : []),
    ...(deletion !== undefined && !deletion.begun ? ["withdraw the proposed deletion"] : []),
    ...(phase === "exporting" ? ["forget the export and its key"] : []),
  ];
}
