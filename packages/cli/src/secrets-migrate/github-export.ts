import { formatCommand } from "@sophia/core/config/command-line";
import type { GithubSecrets } from "@sophia/vendors/github/secrets-api";
import type { CommandContext } from "../commands/command-context.ts";
import { recordSecretAct } from "../secrets/record-secret-act.ts";
import { exportWorkflowFile, renderExportWorkflow } from "./export-workflow.ts";
import type { MigrateGithubOptions } from "./migrate-github.ts";
import type { RunFolder, RunFolders } from "./run-folder.ts";
import { branchPrefix } from "./run-state.ts";
import { createExportKeyPair } from "./sealed-export.ts";
import { openClone } from "./workflows/clone-branch.ts";

/** How long the workflow may be started. Its key opens nothing but what that workflow sealed. */
const exportLivesMs = 7 * 86_400_000;

/** A run of its own, with its key sealed and its workflow in the run's folder. */
export async function startExport(
  context: CommandContext,
  folders: RunFolders,
  options: MigrateGithubOptions,
  environments: readonly string[],
): Promise<RunFolder> {
  const pair = createExportKeyPair();
  const expiresAt = Date.now() + exportLivesMs;
  const { repository, names } = options;
  return await recordSecretAct(context, {
    command: "migrate.export",
    effect: "create",
    subject: { repository, environments },
    async run() {
      // Rendered once before anything is kept: a name that no workflow can hold stops it here.
      renderExportWorkflow({ run: "draft", repository, publicKey: pair.publicKey, environments, expiresAt, names });
      const folder = await folders.create({
        kind: "github",
        source: repository,
        stage: options.stage,
        phase: "exporting",
        github: {
          environments: [...environments],
          names: [...names],
          publicKey: pair.publicKey,
          expiresAt,
          stillUsed: [],
        },
      });
      await folder.seal("private-key", pair.privateKey);
      return folder;
    },
  });
}

/** Names of GitHub's environments: those asked for, and all that the token can see. */
export async function findEnvironments(
  github: GithubSecrets | undefined,
  options: Pick<MigrateGithubOptions, "environments">,
): Promise<string[]> {
  const seen = options.environments.length > 0 || github === undefined ? [] : await github.environments();
  return [...new Set([...options.environments, ...seen])];
}

function exportWorkflowOf(folder: RunFolder): string {
  const { id, source, github } = folder.state;
  return renderExportWorkflow({
    run: id,
    repository: source,
    publicKey: github?.publicKey ?? "",
    environments: github?.environments ?? [],
    expiresAt: github?.expiresAt ?? 0,
    names: github?.names ?? [],
  });
}

/** Puts the workflow where it can be pushed from: on a branch of the clone, and in the run's folder. */
export async function offerExport(
  context: CommandContext,
  folder: RunFolder,
  clone: string | undefined,
): Promise<string> {
  const text = exportWorkflowOf(folder);
  const path = await folder.writeOpen("sophia-secrets-export.yml", text);
  if (clone === undefined) {
    context.terminal.note(`The export workflow is ${path}.`);
    context.terminal.note(`Put it into the repository's default branch as ${exportWorkflowFile}.`);
    return path;
  }
  const github = folder.state.github;
  const record = await (
    await openClone(clone)
  ).commit(`${branchPrefix}export-${folder.state.id}`, {
    message: `Export secrets once (${folder.state.id})\n\nThe values are sealed on the runner. The workflow is deleted when they have moved.`,
    files: [{ path: exportWorkflowFile, text }],
    previous: github?.exportBranch,
  });
  if (github !== undefined) await folder.save({ github: { ...github, exportBranch: record } });
  context.terminal.note(
    `The export workflow is on the branch ${record.name} of ${record.clone}; push it and merge it.`,
  );
  return path;
}

export function tellHowToExport(context: CommandContext, { state }: RunFolder, hasToken: boolean): void {
  const note = (text: string): void => context.terminal.note(text);
  const next = (more: string): string => formatCommand(`secrets migrate github ${state.source} ${more}`);
  note(
    `Then start it: on the page Actions of ${state.source} run "Sophia secrets export" with ${state.id}${hasToken ? `, or: ${next("--dispatch")}` : ""}.`,
  );
  for (const environment of state.github?.environments ?? []) {
    note(`Its job for the environment ${environment} waits where that environment wants a review.`);
  }
  note("Secrets of Dependabot and of Codespaces are kept apart by GitHub; they stay where they are.");
  note(hasToken ? `When it has run: ${next("")}` : `Download its artifacts, then: ${next("--result FILE…")}`);
}
