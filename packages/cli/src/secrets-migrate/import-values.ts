import { readFile, realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { formatCommand } from "@sophia/core/config/command-line";
import { unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { ownProject } from "@sophia/core/secrets/settings/group-environments";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import type { CommandContext } from "../commands/command-context.ts";
import { readStdin } from "../secrets/read-input.ts";
import { recordSecretAct } from "../secrets/record-secret-act.ts";
import { listPlaces } from "../server-settings.ts";
import { openAll } from "./compare-store.ts";
import type { MigrationStore } from "./migration-store.ts";
import { parseEnvText, removeEntries } from "./parse-env-text.ts";
import type { EnvText } from "./parse-env-text.ts";
import { placeValues } from "./place-values.ts";
import type { FoundValue } from "./place-values.ts";
import { planChanges, toChanges } from "./plan-changes.ts";
import type { PlannedValue } from "./plan-changes.ts";
import { readOnlyRefusal } from "./read-only-refusal.ts";
import { replaceTextFile } from "./replace-text-file.ts";
import { lockMigrations, openRunFolders } from "./run-folder.ts";
import type { RunFolder } from "./run-folder.ts";
import { selectValues } from "./select-values.ts";
import { showPlan, toPlanLines } from "./show-plan.ts";
import { verifyStored } from "./verify-stored.ts";
import { writeEnvironments } from "./write-environments.ts";

export interface ImportOptions {
  store: MigrationStore;
  stage: Stage;
  /** An `.env` file, `-` for stdin; undefined for the variables of this process. */
  file: string | undefined;
  /** Only these variables; all that may hold settings when empty. */
  names: readonly string[];
  /** Shows the plan and changes nothing. */
  dryRun: boolean;
  /** Overwrites what the store holds with another value; else such a variable is left alone and told. */
  replace: boolean;
  /** Afterwards takes the imported lines out of the file; an encrypted copy of it is kept first. */
  remove: boolean;
  json: boolean;
}

/** In the place of a path; no file has it, for paths are absolute. */
const piped = "stdin";
const maximumFileBytes = 4 * 1024 * 1024;

interface Source {
  values: readonly FoundValue[];
  /** Names that cannot come out of a store, and stay where they are. */
  staying: readonly string[];
  file: { path: string; text: string; parsed: EnvText } | undefined;
}

/** `sophia secrets import [FILE]`. Exit code 1 when something was left for the person to decide. */
export async function runImportValues(context: CommandContext, options: ImportOptions): Promise<number> {
  if (context.config.platform.readOnly && !options.dryRun) throw readOnlyRefusal();
  const source = await readSource(context, options);
  for (const { name, value } of source.values) context.config.scrubber.register(unwrap(value), name);
  const lock = options.dryRun ? undefined : lockMigrations(context.config.platform.dataDir);
  try {
    return await importFrom(context, options, source);
  } finally {
    lock?.release();
  }
}

async function importFrom(context: CommandContext, options: ImportOptions, source: Source): Promise<number> {
  const { terminal } = context;
  const { store } = options;
  const plan = await makePlan(source, options);
  const lines = toPlanLines(store, plan.values);
  if (!options.json) showPlan(terminal, lines, { scopes: false });
  tellSource(context, source);
  const left = plan.values.filter(({ written }) => !written).map(({ placement }) => placement.name);
  let run: string | undefined;
  let removed: number[] = [];
  if (!options.dryRun && (plan.changes.length > 0 || options.remove)) {
    const folder = await openRunFolders(context.config.platform.dataDir, store.keyring).create({
      kind: options.file === undefined ? "environment" : "file",
      source: source.file?.path ?? "environment",
      stage: options.stage,
      phase: "importing",
    });
    run = folder.state.id;
    await recordImport(context, options, plan.values, () => write(store, folder, plan));
    if (options.remove) removed = await removeLines(source, folder, plan.values);
  }
  if (options.json)
    terminal.print(
      JSON.stringify({ run, dryRun: options.dryRun, values: lines, staying: source.staying, removedLines: removed }),
    );
  else tellEnd(context, { options, source, plan, run, left, removed });
  return left.length > 0 ? 1 : 0;
}

type Plan = Awaited<ReturnType<typeof makePlan>>;

async function makePlan(source: Source, { store, stage, replace }: ImportOptions) {
  const places = listPlaces();
  const placements = placeValues(source.values, {
    stageOf: () => stage,
    places,
    otherOf: () => ({ project: ownProject, name: `other-${stage}` }),
    keepPlain: true,
  });
  const opened = await openAll(
    store,
    placements.map(({ environment }) => environment),
  );
  const { values, edits } = planChanges(placements, opened, { replace });
  return { values, changes: edits.size === 0 ? [] : toChanges(store, edits, { places }) };
}

async function write(store: MigrationStore, folder: RunFolder, plan: Plan): Promise<void> {
  await folder.save({
    secrets: plan.values.map(({ placement }) => ({
      scope: placement.scope,
      name: placement.name,
      environment: formatEnvironmentId(placement.environment),
      path: [...placement.path],
      fingerprint: store.keyring.fingerprint(unwrap(placement.value)),
      verified: false,
    })),
  });
  await writeEnvironments(store, folder, plan.changes);
  const written = plan.values.filter((each) => each.written).map(({ placement }) => placement);
  const failed = await verifyStored(store, written, (placement, text) => text === unwrap(placement.value));
  const names = new Set(written.filter((placement) => !failed.includes(placement)).map(({ name }) => name));
  await folder.save({
    phase: failed.length === 0 ? "verified" : "importing",
    secrets: folder.state.secrets.map((secret) => ({ ...secret, verified: names.has(secret.name) })),
  });
  if (failed.length === 0) return;
  throw new AppError(
    "internal",
    `The store does not give back ${failed.map(({ name }) => name).join(", ")} as it was.`,
    {
      hint: `Undo with: ${formatCommand(`secrets migrate --undo ${folder.state.id}`)}`,
    },
  );
}

async function recordImport(
  context: CommandContext,
  { file, stage, replace }: ImportOptions,
  values: readonly PlannedValue[],
  run: () => Promise<void>,
): Promise<void> {
  const names = values.filter(({ written }) => written).map(({ placement }) => placement.name);
  await recordSecretAct(context, {
    command: "import",
    effect: "update",
    subject: { file: file ?? "environment", stage, replace, names },
    run,
    describe: () => "imported",
  });
}

async function readSource(context: CommandContext, options: ImportOptions): Promise<Source> {
  const { file, names, store, remove } = options;
  if (file === undefined) {
    if (remove) throw noLinesToRemove();
    const found = Object.entries(context.environment).flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, value }],
    );
    return {
      ...selectValues(found, { scope: "environment", names, onlyKnown: true, isCloud: isCloud(store) }),
      file: undefined,
    };
  }
  const { path, text } = file === "-" ? await readPiped(remove) : await readNamed(file);
  const parsed = parseEnvText(text);
  return {
    ...selectValues(parsed.entries, { scope: "file", names, onlyKnown: false, isCloud: isCloud(store) }),
    file: { path, text, parsed },
  };
}

async function readPiped(remove: boolean): Promise<{ path: string; text: string }> {
  if (remove) throw noLinesToRemove();
  return { path: piped, text: await readStdin() };
}

async function readNamed(file: string): Promise<{ path: string; text: string }> {
  const named = resolve(file);
  // Behind a link are the lines themselves: to replace the link would leave them where they are.
  const path = await realpath(named).catch(() => named);
  return { path, text: await readEnvFile(path) };
}

function noLinesToRemove(): AppError {
  return new AppError("invalid_input", "Only a file can have lines taken out.", { hint: "Leave --remove out." });
}

function isCloud({ backend }: MigrationStore): boolean {
  return backend.kind === "pulumi-cloud";
}

async function readEnvFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= maximumFileBytes)
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (thrown) {
    throw new AppError("not_found", `${path} cannot be read as a text file.`, {
      hint: "Check the path; the file must be UTF-8.",
      cause: thrown,
    });
  }
  throw new AppError("invalid_input", `${path} is larger than any file of settings.`, { hint: "Name the right file." });
}

/** Keeps a sealed copy of the whole file first: what is taken out can be put back by undoing. */
async function removeLines(source: Source, folder: RunFolder, values: readonly PlannedValue[]): Promise<number[]> {
  const { file } = source;
  if (file === undefined) return [];
  const stored = new Set(values.filter(({ written }) => written).map(({ placement }) => placement.name));
  const entries = file.parsed.entries.filter(({ name }) => stored.has(name));
  if (entries.length === 0) return [];
  await folder.seal("file", Buffer.from(file.text));
  const { mode } = await stat(file.path);
  await folder.save({ file: { removed: true } });
  await replaceTextFile(file.path, removeEntries(file.text, entries), { mode, before: file.text });
  return entries.map(({ firstLine }) => firstLine);
}

function tellSource({ terminal }: CommandContext, { file, staying }: Source): void {
  for (const { name, lines } of file?.parsed.duplicates ?? []) {
    terminal.note(`${name} stands there more than once; line ${lines.join(", ")} counts for nothing.`);
  }
  const unclear = file?.parsed.unclearLines ?? [];
  if (unclear.length > 0) terminal.note(`Not read, because programs do not agree on it: line ${unclear.join(", ")}.`);
  if (staying.length > 0) terminal.note(`Stays in the environment: ${staying.join(", ")}.`);
}

function tellEnd(
  { terminal }: CommandContext,
  end: {
    options: ImportOptions;
    source: Source;
    plan: Plan;
    run: string | undefined;
    left: string[];
    removed: number[];
  },
): void {
  const { options, source, plan, run, left, removed } = end;
  if (left.length > 0) {
    terminal.note(`Left alone, because the store holds another value: ${left.join(", ")}. Overwrite with --replace.`);
  }
  if (options.dryRun) return terminal.note("Nothing was changed. Run it again without --dry-run to import.");
  const changed = plan.values.filter(({ written, status }) => written && status !== "same").length;
  terminal.note(
    changed === 0
      ? "Everything is in the store already."
      : `${changed} values are in the store, each compared after writing.`,
  );
  if (removed.length > 0)
    terminal.note(`Taken out of the file: ${removed.length} variables. A sealed copy of it is kept.`);
  const stored = new Set(plan.values.filter(({ written }) => written).map(({ placement }) => placement.name));
  const lines = (source.file?.parsed.entries ?? []).filter(({ name }) => stored.has(name));
  if (removed.length === 0 && lines.length > 0) {
    const numbers = lines.map(({ firstLine, lastLine }) =>
      firstLine === lastLine ? String(firstLine) : `${firstLine}-${lastLine}`,
    );
    const way = source.file?.path === piped ? "" : " --remove takes them out.";
    terminal.note(`These lines of the file may go now: ${numbers.join(", ")}.${way}`);
  }
  if (run !== undefined) terminal.note(`Undo with: ${formatCommand(`secrets migrate --undo ${run}`)}`);
}
