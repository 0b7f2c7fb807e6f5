import { formatCommand } from "@sophia/core/config/command-line";
import { unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import type { GithubSecrets } from "@sophia/vendors/github/secrets-api";
import type { CommandContext } from "../commands/command-context.ts";
import { recordSecretAct } from "../secrets/record-secret-act.ts";
import { formatScope } from "./export-scope.ts";
import { deleteFromGithub } from "./github-delete.ts";
import { findEnvironments, offerExport, startExport, tellHowToExport } from "./github-export.ts";
import { importGithub, planGithubImport } from "./github-import.ts";
import { previewMigration } from "./github-preview.ts";
import { dispatchExport, openResults, takeResultFiles, takeResultsFromGithub } from "./github-results.ts";
import { findUsedNames, rewriteClone, tellRewrite } from "./github-rewrite.ts";
import type { RewriteTarget } from "./github-rewrite.ts";
import { requireGithub, withGithub } from "./github-session.ts";
import type { MigrationStore } from "./migration-store.ts";
import { readOnlyRefusal } from "./read-only-refusal.ts";
import { lockMigrations, openRunFolders } from "./run-folder.ts";
import type { RunFolder, RunFolders } from "./run-folder.ts";
import type { RunState } from "./run-state.ts";
import { showPlan, toPlanLines } from "./show-plan.ts";

export interface MigrateGithubOptions {
  store: MigrationStore;
  /** OWNER/REPO. */
  repository: string;
  /** Where secrets of the repository and the organisation go. GitHub environments named as a stage go to that stage. */
  stage: Stage;
  /** GitHub environments whose secrets are exported too; asked of GitHub when there is a token. */
  environments: readonly string[];
  /** Export these one by one instead of all at once: needed where all together are more than 128 KB. */
  names: readonly string[];
  /** A local clone: gets the branches with the export workflow and with the rewritten workflows. */
  clone: string | undefined;
  /** The artifacts of the export run (zip or json, several); asked of GitHub when there is a token. */
  results: readonly string[];
  /** Pulumi organisation that the rewritten workflows read from. */
  organisation: string | undefined;
  /** Starts the export workflow on GitHub once it is on the default branch. Needs a token. */
  dispatch: boolean;
  /** Overwrites what the store holds with another value; else such a secret is kept aside under its own name. */
  replace: boolean;
  /** Proposes to delete what is migrated and verified; once that is approved, deletes. Needs a token. */
  delete: boolean;
  /** Begins anew although an earlier migration of the repository is not over: its secrets have changed since. */
  again?: boolean;
  dryRun: boolean;
  json: boolean;
}

/** An export is a matter of a minute or two; who waits longer asks again. */
const waitForExportMs = 300_000;

/**
 * `sophia secrets migrate github OWNER/REPO`: goes as far as it can, and says what is missing for the next step. Run it
 * again to go on; what is done is not done twice. Exit code 1 while something is left that a person has to do.
 */
export async function runMigrateGithub(context: CommandContext, options: MigrateGithubOptions): Promise<number> {
  if (!/^[\w.-]+\/[\w.-]+$/.test(options.repository)) {
    throw new AppError("invalid_input", "A repository is named OWNER/REPO.", { hint: "For example octo/shop." });
  }
  if (context.config.platform.readOnly && !options.dryRun) throw readOnlyRefusal();
  const folders = openRunFolders(context.config.platform.dataDir, options.store.keyring);
  return await withGithub(context, options.repository, async (github) => {
    if (options.dryRun)
      return await previewMigration(context, { options, github, folder: await findRun(folders, options) });
    const lock = lockMigrations(context.config.platform.dataDir);
    try {
      return await migrate(context, { options, github, folders });
    } finally {
      lock.release();
    }
  });
}

interface Migration {
  options: MigrateGithubOptions;
  github: GithubSecrets | undefined;
  folders: RunFolders;
}

async function migrate(context: CommandContext, { options, github, folders }: Migration): Promise<number> {
  const known = options.again === true ? undefined : await findRun(folders, options);
  if (known === undefined) {
    const environments = await findEnvironments(github, options);
    const folder = await startExport(context, folders, options, environments);
    const workflow = await offerExport(context, folder, options.clone);
    tellHowToExport(context, folder, github !== undefined);
    return tellState(context, options, folder, { workflow });
  }
  if (known.state.phase === "exporting" || known.state.phase === "importing") {
    if (!(await bringHome(context, { options, github, folder: known })))
      return tellState(context, options, known, {}, 1);
    await importResults(context, options, known);
  }
  const target = toTarget(known, options);
  if (options.delete) {
    const api = requireGithub(github, "Deleting secrets");
    const used = await findUsedNames(requireTarget(target), api);
    return await deleteFromGithub(context, known, { github: api, used, json: options.json });
  }
  if (target === undefined) {
    context.terminal.note(
      `Next, the workflows: ${formatCommand(`secrets migrate github ${options.repository} --clone FOLDER --organisation NAME`)}`,
    );
    return tellState(context, options, known, {});
  }
  if (options.store.backend.kind === "local") {
    context.terminal.note(
      "The workflows will read from Pulumi Cloud, and these environments are on this machine only.",
    );
    context.terminal.note(
      "Set PULUMI_ACCESS_TOKEN and PULUMI_ESC_ENVIRONMENT and migrate there before you merge the branch.",
    );
  }
  const rewrite = await rewriteClone(context, known, target);
  if (!options.json) tellRewrite(context, known, rewrite);
  return tellState(context, options, known, { workflows: rewrite }, rewrite.byHand.length > 0 ? 1 : 0);
}

/** Whether all results are here. */
async function bringHome(
  context: CommandContext,
  { options, github, folder }: { options: MigrateGithubOptions; github: GithubSecrets | undefined; folder: RunFolder },
): Promise<boolean> {
  const { terminal } = context;
  await takeResultFiles(folder, options.results);
  if ((await openResults(folder)).missing.length === 0) return true;
  if ((folder.state.github?.expiresAt ?? 0) < Date.now()) {
    throw new AppError("not_configured", "The export's time is over, and not all of its results are here.", {
      hint: `Begin anew with: ${formatCommand(`secrets migrate github ${options.repository} --again`)}`,
    });
  }
  if (options.dispatch) await dispatchExport(folder, requireGithub(github, "Starting the export"));
  if (github !== undefined && options.results.length === 0) {
    const run = await takeResultsFromGithub(folder, github, options.dispatch ? waitForExportMs : 0);
    if (run !== undefined && run.status !== "completed")
      terminal.note(`The export is not finished yet (${run.status}): ${run.pageUrl}`);
    else if (run !== undefined && run.conclusion !== "success")
      terminal.note(`The export ended with ${run.conclusion ?? "nothing"}: ${run.pageUrl}`);
  }
  const { missing } = await openResults(folder);
  if (missing.length === 0) return true;
  if (missing.length <= (folder.state.github?.environments.length ?? 0)) {
    terminal.note(`Still missing: the result of ${missing.join(", ")}.`);
  } else {
    await offerExport(context, folder, options.clone);
    tellHowToExport(context, folder, github !== undefined);
  }
  return false;
}

async function importResults(context: CommandContext, options: MigrateGithubOptions, folder: RunFolder): Promise<void> {
  const { store, repository, replace } = options;
  const { secrets } = await openResults(folder);
  for (const { name, value } of secrets) context.config.scrubber.register(unwrap(value), name);
  const plan = await planGithubImport(store, secrets, { repository, stage: folder.state.stage, replace });
  if (!options.json) showPlan(context.terminal, toPlanLines(store, plan.values), { scopes: true });
  await recordSecretAct(context, {
    command: "migrate.import",
    effect: "update",
    subject: { repository, names: plan.values.map(({ placement: { scope, name } }) => `${scope} ${name}`) },
    run: () => importGithub(store, folder, plan),
    describe: () => "imported",
  });
  context.terminal.note(
    `${plan.values.length} secrets are in ESC; each was compared with the fingerprint that the runner made.`,
  );
}

/** The newest that is not over. One whose process died before it had a key never began. */
async function findRun(folders: RunFolders, { repository }: MigrateGithubOptions): Promise<RunFolder | undefined> {
  const isOpen = ({ kind, source, phase }: RunState): boolean =>
    kind === "github" && source === repository && phase !== "undone" && phase !== "deleted";
  for (const { id } of (await folders.list()).filter(isOpen)) {
    const folder = await folders.open(id);
    if ((await folder.unseal("private-key")) !== undefined) return folder;
  }
  return undefined;
}

function toTarget(folder: RunFolder, options: MigrateGithubOptions): RewriteTarget | undefined {
  const { github, secrets } = folder.state;
  const clone = options.clone ?? github?.rewriteBranch?.clone;
  const organisation = options.organisation ?? findOrganisation(options.store);
  if (clone === undefined || (organisation === undefined && !options.delete)) return undefined;
  const names = Map.groupBy(secrets, ({ scope }) => scope);
  return {
    store: options.store,
    clone,
    // For asking what is used, any name will do.
    organisation: organisation ?? "any",
    repository: options.repository,
    environments: github?.environments ?? [],
    secrets: new Map([
      [formatScope({ kind: "base" }), new Set<string>()],
      ...[...names].map(([scope, all]) => [scope, new Set(all.map(({ name }) => name.toUpperCase()))] as const),
    ]),
  };
}

/** Pulumi Cloud's own name for where it is begins with the organisation. */
function findOrganisation({ backend }: MigrationStore): string | undefined {
  return backend.kind === "pulumi-cloud" ? /^[\w.-]+/.exec(backend.location)?.[0] : undefined;
}

function requireTarget(target: RewriteTarget | undefined): RewriteTarget {
  if (target !== undefined) return target;
  throw new AppError(
    "invalid_input",
    "Deleting needs a clone: only there it shows whether a workflow still reads a secret.",
    {
      hint: "Add --clone FOLDER, pulled to the default branch.",
    },
  );
}

function tellState(
  { terminal }: CommandContext,
  { json, store }: MigrateGithubOptions,
  { state }: RunFolder,
  more: Record<string, unknown>,
  exitCode = 0,
): number {
  if (!json) return exitCode;
  const secrets = state.secrets.map(({ scope, name, environment, verified }) => ({
    scope,
    name,
    environment,
    verified,
  }));
  const { id: run, phase, github } = state;
  const branches = { export: github?.exportBranch, rewrite: github?.rewriteBranch };
  terminal.print(JSON.stringify({ run, phase, store: store.backend.kind, secrets, branches, ...more }));
  return exitCode;
}
