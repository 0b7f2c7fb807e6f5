import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { disarmFilters, runGit } from "./git-command.ts";
import type { GitCall, GitCommandOptions } from "./git-command.ts";
import {
  branchFormat,
  commitFormat,
  parseBranches,
  parseCommits,
  parseDiffstat,
  parseRemotes,
  parseStatus,
} from "./git-output.ts";
import type { Branch, Commit, FileDiff, RepositoryStatus } from "./git-output.ts";
import { findRepositories, refuseHostileValue, resolveRepository } from "./repository-path.ts";
import type { RepositoryLocation } from "./repository-path.ts";
import { createTurns } from "./turns.ts";

export interface LocalGitOptions {
  /** Real paths of the folders that may be read; see `resolveRoots`. */
  roots: readonly string[];
  executable?: string;
  timeoutMs?: number;
  maximumOutputBytes?: number;
}

export interface BranchReport extends Branch {
  /** Its last commit is part of the base branch. */
  merged: boolean;
}

export interface UntrackedFile {
  path: string;
  bytes: number;
}

/** Reads repositories on this machine through the git program. It cannot change one: no method writes. */
export interface LocalGit {
  repositories(): Promise<RepositoryLocation[]>;
  resolve(path: string): Promise<RepositoryLocation>;
  status(path: string, signal?: AbortSignal): Promise<RepositoryStatus>;
  /** Newest first. `reference` is a branch, tag or commit; default HEAD. */
  commits(path: string, options?: { limit?: number; reference?: string; signal?: AbortSignal }): Promise<Commit[]>;
  /** Newest first, with the branch that `merged` is measured against. */
  branches(path: string, signal?: AbortSignal): Promise<{ base: string | undefined; branches: BranchReport[] }>;
  /** Addresses without user, password, query. */
  remotes(path: string, signal?: AbortSignal): Promise<{ name: string; url: string }[]>;
  /** Lines added and removed per file: work tree against HEAD, or between two references. */
  diffstat(path: string, options?: { from?: string; to?: string; signal?: AbortSignal }): Promise<FileDiff[]>;
  /** Files git does not know and does not ignore, largest first; the first 2,000 are looked at. */
  untracked(path: string, signal?: AbortSignal): Promise<UntrackedFile[]>;
}

const maximumUntracked = 2000;
/** A folder of fifty repositories must not become fifty processes at once. */
const maximumProcesses = 4;
const defaultBranches = ["main", "master", "trunk", "develop"];

interface GitRunner {
  open(path: string): Promise<RepositoryLocation>;
  run(repository: RepositoryLocation, call: GitCall): Promise<string>;
  /** For commands that look into files: the repository's content filters are disarmed first. */
  runOnFiles(repository: RepositoryLocation, call: GitCall): Promise<string>;
}

export function createLocalGit(options: LocalGitOptions): LocalGit {
  const runner = createRunner(options);
  return {
    repositories: () => findRepositories(options.roots),
    resolve: runner.open,
    async status(path, signal) {
      const call = [
        "status",
        "--porcelain=v2",
        "--branch",
        "-z",
        "--untracked-files=normal",
        "--ignore-submodules=all",
      ];
      return parseStatus(await runner.runOnFiles(await runner.open(path), { arguments: call, signal }));
    },
    commits: (path, query = {}) => listCommits(runner, path, query),
    branches: (path, signal) => listBranches(runner, path, signal),
    async remotes(path, signal) {
      const call = ["config", "--local", "-z", "--get-regexp", "^remote\\..*\\.url$"];
      return parseRemotes(await runner.run(await runner.open(path), { arguments: call, signal, acceptExitCodes: [1] }));
    },
    diffstat: (path, query = {}) => compareFiles(runner, path, query),
    untracked: (path, signal) => listUntracked(runner, path, signal),
  };
}

function createRunner(options: LocalGitOptions): GitRunner {
  const command: GitCommandOptions = {
    executable: options.executable ?? "git",
    timeoutMs: options.timeoutMs ?? 10_000,
    maximumOutputBytes: options.maximumOutputBytes ?? 8 * 1024 * 1024,
  };
  const turns = createTurns(maximumProcesses);
  return {
    open: (path) => resolveRepository(path, options.roots),
    run: (repository, call) => turns.take(() => runGit(repository, call, command)),
    runOnFiles: (repository, call) =>
      turns.take(async () => {
        const overrides = await disarmFilters(repository, command, call.signal);
        return runGit(repository, { ...call, overrides }, command);
      }),
  };
}

/** True when the repository has a commit; most commands fail before the first one. */
async function hasCommit(
  runner: GitRunner,
  repository: RepositoryLocation,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const call = { arguments: ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], signal, acceptExitCodes: [1] };
  return (await runner.run(repository, call)).trim() !== "";
}

async function listCommits(
  runner: GitRunner,
  path: string,
  query: { limit?: number; reference?: string; signal?: AbortSignal },
): Promise<Commit[]> {
  const reference = refuseHostileValue(query.reference ?? "HEAD", "reference");
  const repository = await runner.open(path);
  if (!(await hasCommit(runner, repository, query.signal))) return [];
  const limit = Math.max(1, Math.min(query.limit ?? 20, 500));
  const call = ["log", `--max-count=${limit}`, `--format=${commitFormat}`, "--no-show-signature", "--no-mailmap"];
  return parseCommits(
    await runner.run(repository, { arguments: [...call, "--end-of-options", reference, "--"], signal: query.signal }),
  );
}

async function listBranches(
  runner: GitRunner,
  path: string,
  signal: AbortSignal | undefined,
): Promise<{ base: string | undefined; branches: BranchReport[] }> {
  const repository = await runner.open(path);
  const call = ["for-each-ref", "--sort=-committerdate", `--format=${branchFormat}`];
  const branches = parseBranches(await runner.run(repository, { arguments: [...call, "refs/heads/"], signal }));
  const base = chooseBase(branches);
  if (base === undefined) return { base, branches: [] };
  const mergedCall = ["for-each-ref", "--format=%(refname:lstrip=2)", `--merged=refs/heads/${base}`, "refs/heads/"];
  const merged = new Set((await runner.run(repository, { arguments: mergedCall, signal })).split("\n"));
  return { base, branches: branches.map((branch) => ({ ...branch, merged: merged.has(branch.name) })) };
}

/** The branch others are merged into: the usual names first, else the current one, else the newest. */
function chooseBase(branches: readonly Branch[]): string | undefined {
  const usual = defaultBranches.find((name) => branches.some((branch) => branch.name === name));
  return usual ?? (branches.find((branch) => branch.current) ?? branches[0])?.name;
}

async function compareFiles(
  runner: GitRunner,
  path: string,
  query: { from?: string; to?: string; signal?: AbortSignal },
): Promise<FileDiff[]> {
  const references = [query.from, query.to].filter((value) => value !== undefined);
  for (const reference of references) refuseHostileValue(reference, "reference");
  const repository = await runner.open(path);
  if (!(await hasCommit(runner, repository, query.signal))) return [];
  if (references.length === 0) references.push("HEAD");
  const call = ["diff", "--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all"];
  const scope = ["--end-of-options", ...references, "--"];
  return parseDiffstat(await runner.runOnFiles(repository, { arguments: [...call, ...scope], signal: query.signal }));
}

async function listUntracked(
  runner: GitRunner,
  path: string,
  signal: AbortSignal | undefined,
): Promise<UntrackedFile[]> {
  const repository = await runner.open(path);
  const output = await runner.run(repository, {
    arguments: ["ls-files", "--others", "--exclude-standard", "-z"],
    signal,
  });
  const paths = output.split("\0").filter((file) => file !== "");
  const files = await Promise.all(
    paths.slice(0, maximumUntracked).map(async (file) => {
      // lstat: a link into another folder must not be followed just to measure it.
      const stats = await lstat(join(repository.workTree, file)).catch(() => undefined);
      return stats?.isFile() ? [{ path: file, bytes: stats.size }] : [];
    }),
  );
  return files.flat().toSorted((left, right) => right.bytes - left.bytes);
}
