import { formatCommand } from "@sophia/core/config/command-line";
import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { GithubSecrets } from "@sophia/vendors/github/secrets-api";
import type { CommandContext } from "../commands/command-context.ts";
import { recordSecretAct } from "../secrets/record-secret-act.ts";
import { toPlainLine } from "../terminal.ts";
import { exportWorkflowFile } from "./export-workflow.ts";
import { formatScope } from "./export-scope.ts";
import { jobEnvironment } from "./github-import.ts";
import type { MigrationStore } from "./migration-store.ts";
import type { RunFolder } from "./run-folder.ts";
import { branchPrefix } from "./run-state.ts";
import { openClone } from "./workflows/clone-branch.ts";
import type { Clone } from "./workflows/clone-branch.ts";
import { rewriteRepository } from "./workflows/rewrite-repository.ts";
import type { RepositoryNote, RepositoryRewrite } from "./workflows/rewrite-repository.ts";

export interface RewriteTarget {
  store: MigrationStore;
  clone: string;
  organisation: string;
  repository: string;
  environments: readonly string[];
  /** By place, upper case. */
  secrets: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What rewriting the commit that the clone is on comes to. Changes nothing. */
export async function planRewrite(target: RewriteTarget): Promise<{ clone: Clone; rewrite: RepositoryRewrite }> {
  const clone = await openClone(target.clone);
  if (!(await clone.isOf(target.repository))) {
    throw new AppError(
      "invalid_input",
      `${target.clone} is no clone of ${target.repository}: none of its remotes is.`,
      {
        hint: "Name the right folder, or add the remote with git remote add.",
      },
    );
  }
  const files = (await clone.files(".github")).filter(
    ({ path }) => /\.ya?ml$/.test(path) && path !== exportWorkflowFile,
  );
  const base = target.secrets.get(formatScope({ kind: "base" })) ?? new Set<string>();
  const migrated = new Set([...target.secrets.values()].flatMap((names) => [...names]));
  const rewrite = rewriteRepository(files, {
    organisation: target.organisation,
    migrated,
    environmentOf(environment) {
      const scope = formatScope(environment === undefined ? { kind: "base" } : { kind: "environment", environment });
      if (environment !== undefined && !target.environments.includes(environment)) return undefined;
      const id = target.store.locate(jobEnvironment(target.repository, scope));
      const own = target.secrets.get(scope) ?? new Set<string>();
      return { name: `${target.organisation}/${formatEnvironmentId(id)}`, secrets: new Set([...base, ...own]) };
    },
  });
  return { clone, rewrite };
}

/** One commit on a branch of the clone, for a pull request. The run remembers what workflows still read from GitHub. */
export async function rewriteClone(
  context: CommandContext,
  folder: RunFolder,
  target: RewriteTarget,
): Promise<RepositoryRewrite> {
  const { clone, rewrite } = await planRewrite(target);
  const { github, id } = folder.state;
  if (github === undefined) throw new AppError("internal", "This run is no migration from GitHub.");
  const hasExport = (await clone.files(exportWorkflowFile)).length > 0;
  const files = [...rewrite.files, ...(hasExport ? [{ path: exportWorkflowFile, text: undefined }] : [])];
  if (files.length > 0) {
    await recordSecretAct(context, {
      command: "migrate.rewrite",
      effect: "update",
      subject: { repository: target.repository, files: files.map(({ path }) => path) },
      async run() {
        const rewriteBranch = await clone.commit(`${branchPrefix}from-esc-${id}`, {
          message: describeCommit(rewrite, id),
          files,
          previous: github.rewriteBranch,
        });
        await folder.save({ github: { ...github, rewriteBranch } });
      },
    });
  }
  await folder.save({ github: { ...(folder.state.github ?? github), stillUsed: [...rewrite.stillUsed] } });
  return rewrite;
}

/**
 * Names that the default branch still reads from GitHub; `*` where it may be any. Only a clone that is where GitHub is
 * can tell. Throws AppError `denied` for another.
 */
export async function findUsedNames(target: RewriteTarget, github: GithubSecrets): Promise<ReadonlySet<string>> {
  const { clone, rewrite } = await planRewrite(target);
  const branch = await github.defaultBranch();
  if ((await github.branchHead(branch)) !== clone.head) {
    throw new AppError("denied", `${target.clone} is not at the newest commit of ${branch} on GitHub.`, {
      hint: `Switch to ${branch} and pull: only there it shows whether a workflow still reads a secret.`,
    });
  }
  return new Set([...rewrite.stillUsed, ...rewrite.replaced.map(({ name }) => name)]);
}

export function tellRewrite(
  { terminal }: CommandContext,
  folder: RunFolder | undefined,
  rewrite: RepositoryRewrite,
): void {
  const places = new Set(rewrite.replaced.map(({ file }) => file));
  if (rewrite.replaced.length > 0) {
    terminal.print(`Workflows: ${rewrite.replaced.length} uses of secrets in ${places.size} files read from ESC.`);
  }
  tellNotes(terminal.print, "By hand, because nothing in the workflow can stand in for it:", rewrite.byHand);
  tellNotes(terminal.print, "To look at before merging:", rewrite.doubts);
  const branch = folder?.state.github?.rewriteBranch;
  if (branch === undefined) return;
  terminal.note(
    `The branch ${branch.name} of ${branch.clone} holds it, on ${branch.base.slice(0, 12)}. Nothing was pushed.`,
  );
  terminal.note(
    "Pulumi Cloud must trust this repository's identity first: register its OIDC issuer for the organisation.",
  );
  terminal.note(
    `When it is merged and pulled: ${formatCommand(`secrets migrate github ${folder?.state.source ?? ""} --delete`)}`,
  );
}

function tellNotes(print: (text: string) => void, title: string, notes: readonly RepositoryNote[]): void {
  if (notes.length === 0) return;
  print(title);
  for (const { file, line, name, reason } of notes)
    print(toPlainLine(`  ${file}:${line}${name === undefined ? "" : ` ${name}`}: ${reason}`));
}

function describeCommit({ replaced, byHand }: RepositoryRewrite, run: string): string {
  const names = [...new Set(replaced.map(({ name }) => name))].toSorted();
  const left = byHand.map(({ file, line, reason }) => `- ${file}:${line}: ${reason}`);
  return [
    `Read secrets from Pulumi ESC instead of GitHub (${run})`,
    "",
    `Each job signs in by its own identity and reads: ${names.join(", ") || "nothing"}.`,
    ...(left.length === 0 ? [] : ["", "Still to be changed by hand:", ...left]),
  ].join("\n");
}
