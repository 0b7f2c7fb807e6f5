import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "@sophia/core/errors/app-error";
import { unlessMissing } from "@sophia/core/errors/unless-missing";
import type { GithubSecrets } from "@sophia/vendors/github/secrets-api";
import type { WorkflowRun } from "@sophia/vendors/github/secrets-schema";
import { exportWorkflowFile } from "./export-workflow.ts";
import { formatScope } from "./export-scope.ts";
import { isZip, readZip } from "./read-zip.ts";
import type { RunFolder } from "./run-folder.ts";
import { openSealedExport } from "./sealed-export.ts";
import type { ExportedSecret } from "./sealed-export.ts";

const workflow = basename(exportWorkflowFile);
const resultPrefix = "export-";
const firstPollMs = 500;
const longestPollMs = 5_000;

/** Takes over results from files: each is opened before it is kept, so what is kept belongs to this run and is whole. */
export async function takeResultFiles(folder: RunFolder, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const bytes = await readFile(path).catch((thrown: unknown) => {
      throw new AppError("not_found", `${path} cannot be read.`, { hint: "Check the path.", cause: thrown });
    });
    await takeResult(folder, bytes);
  }
}

/** Starts the workflow, once for a run. It must be on the default branch already. */
export async function dispatchExport(folder: RunFolder, github: GithubSecrets): Promise<void> {
  const { state } = folder;
  if (state.github === undefined || state.github.dispatchedAt !== undefined) return;
  const branch = await github.defaultBranch();
  // Noted before: a start whose answer is lost is looked for, not repeated.
  await folder.save({ github: { ...state.github, dispatchedAt: Date.now() } });
  try {
    const id = await github.dispatch(workflow, { branch, inputs: { run: state.id } });
    if (id !== undefined) await folder.save({ github: { ...(folder.state.github ?? state.github), workflowRun: id } });
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.kind !== "not_found") throw thrown;
    await folder.save({ github: state.github });
    throw new AppError("not_found", "The export workflow is not on the repository's default branch yet.", {
      hint: `Push and merge the branch with ${exportWorkflowFile} first.`,
      cause: thrown,
    });
  }
}

/** Downloads what the export has uploaded. Waits while it runs, at most `waitMs`. Returns the run as it is then. */
export async function takeResultsFromGithub(
  folder: RunFolder,
  github: GithubSecrets,
  waitMs: number,
): Promise<WorkflowRun | undefined> {
  const deadline = Date.now() + waitMs;
  for (let pollMs = firstPollMs; ; pollMs = Math.min(longestPollMs, pollMs * 2)) {
    const run = await findRun(folder, github);
    if (run === undefined) return undefined;
    if (run.status === "completed" || Date.now() >= deadline) {
      await download(folder, github, run);
      return run;
    }
    await delay(Math.min(pollMs, Math.max(1, deadline - Date.now())));
  }
}

/** The secrets of all results that are here, and the places whose result is not. */
export async function openResults(
  folder: RunFolder,
): Promise<{ secrets: readonly ExportedSecret[]; missing: string[] }> {
  const key = await folder.unseal("private-key");
  if (key === undefined) {
    throw new AppError("not_configured", "The key of this migration is gone.", {
      hint: "Undo it, and start a new one.",
    });
  }
  const results = await folder.readOpen(resultPrefix);
  const secrets = results.flatMap(({ text }) => openSealedExport(text, folder.state.id, key));
  const scopes = new Set(results.map(({ text }) => (JSON.parse(text) as { scope: string }).scope));
  const expected = [
    formatScope({ kind: "base" }),
    ...(folder.state.github?.environments ?? []).map((environment) =>
      formatScope({ kind: "environment", environment }),
    ),
  ];
  return { secrets, missing: expected.filter((scope) => !scopes.has(scope)) };
}

async function takeResult(folder: RunFolder, bytes: Buffer): Promise<void> {
  const files = isZip(bytes) ? [...readZip(bytes).values()] : [bytes];
  const key = await folder.unseal("private-key");
  if (key === undefined) return;
  for (const file of files) {
    const text = file.toString("utf8");
    openSealedExport(text, folder.state.id, key);
    const { scope, tag } = JSON.parse(text) as { scope: string; tag: string };
    // The same result under the same name, however often it is given.
    const name = Buffer.from(`${scope} ${tag}`).toString("hex").slice(-32);
    await folder.writeOpen(`${resultPrefix}${name}.json`, text);
  }
}

async function findRun(folder: RunFolder, github: GithubSecrets): Promise<WorkflowRun | undefined> {
  const { state } = folder;
  const known = state.github?.workflowRun;
  if (known !== undefined) return await github.run(known);
  const runs = await unlessMissing(github.runs(workflow));
  const since = state.github?.dispatchedAt ?? state.createdAt;
  return runs?.find(
    ({ createdAt, path }) => Date.parse(createdAt) >= since - 60_000 && path.startsWith(exportWorkflowFile),
  );
}

async function download(folder: RunFolder, github: GithubSecrets, run: WorkflowRun): Promise<void> {
  const prefix = `sophia-${folder.state.id}-`;
  const artifacts = (await github.artifacts(run.id)).filter(({ name, expired }) => name.startsWith(prefix) && !expired);
  for (const artifact of artifacts) await takeResult(folder, await github.download(artifact));
  const { github: known } = folder.state;
  if (known === undefined || artifacts.length === 0) return;
  await folder.save({ github: { ...known, workflowRun: run.id, exportedAfter: Date.parse(run.createdAt) } });
}
