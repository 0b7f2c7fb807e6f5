import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { AppError } from "@sophia/core/errors/app-error";
import { runGit } from "@sophia/vendors/github/git-command";
import type { GitCall, GitCommandOptions } from "@sophia/vendors/github/git-command";
import { resolveRepository, resolveRoots } from "@sophia/vendors/github/repository-path";
import type { RepositoryLocation } from "@sophia/vendors/github/repository-path";
import type { BranchRecord } from "../run-state.ts";

/** A file of the commit that the clone is on. */
export interface CommittedFile {
  path: string;
  text: string;
}

/** A clone on this machine, worked on without its working tree, its index, its hooks, and without any push. */
export interface Clone {
  readonly path: string;
  /** The commit it is on. */
  readonly head: string;
  /** Whether one of its remotes is this repository, OWNER/REPO, wherever it is hosted. */
  isOf(repository: string): Promise<boolean>;
  /** Files below a folder, of that commit. Those that are no UTF-8 are left out. */
  files(folder: string): Promise<CommittedFile[]>;
  /** One commit on a new branch. `text: undefined` deletes a file. Throws `denied` when the branch is somebody else's. */
  commit(branch: string, change: CommitChange): Promise<BranchRecord>;
  /** False when the branch is gone already. Throws `denied` when somebody has worked on it. */
  removeBranch(record: BranchRecord): Promise<boolean>;
}

export interface CommitChange {
  message: string;
  files: readonly { path: string; text: string | undefined }[];
  /** The branch as this run made it before, to be replaced. */
  previous: BranchRecord | undefined;
}

const command: GitCommandOptions = { executable: "git", timeoutMs: 20_000, maximumOutputBytes: 16 * 1024 * 1024 };
const identity: readonly (readonly [string, string])[] = [
  ["user.name", "Sophia"],
  ["user.email", "sophia@localhost"],
  ["commit.gpgSign", "false"],
  // It would be asked to write a reflog entry for a branch that may be deleted again.
  ["gc.auto", "0"],
];

/** Opens the clone. Throws AppError `not_found` or `invalid_input` for what is none, or has no commit yet. */
export async function openClone(path: string): Promise<Clone> {
  const [root] = await resolveRoots([resolve(path)], ".");
  if (root === undefined) throw notAClone(path);
  const location = await resolveRepository(root, [root]).catch((thrown: unknown) => {
    throw thrown instanceof AppError && thrown.kind === "not_found" ? notAClone(path) : thrown;
  });
  const git = async (call: GitCall): Promise<string> =>
    await runGit(location, { ...call, overrides: identity }, command);
  const head = (
    await git({ arguments: ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], acceptExitCodes: [1] })
  ).trim();
  if (head === "")
    throw new AppError("invalid_input", `${path} has no commit yet.`, { hint: "Name a clone of the repository." });
  return {
    path: location.workTree,
    head,
    isOf: async (repository) => {
      const arguments_ = ["config", "--local", "-z", "--get-regexp", "^remote\\..*\\.url$"];
      const urls = (await git({ arguments: arguments_, acceptExitCodes: [1] })).split("\0");
      const end = new RegExp(`[:/]${RegExp.escape(repository)}(?:\\.git)?/?$`, "i");
      return urls.some((url) => end.test(url.trim()));
    },
    files: (folder) => listFiles(git, head, folder),
    commit: (branch, change) => commitFiles({ git, location, head }, branch, change),
    removeBranch: (record) => removeBranch(git, record),
  };
}

type Git = (call: GitCall) => Promise<string>;

async function listFiles(git: Git, head: string, folder: string): Promise<CommittedFile[]> {
  const listing = await git({ arguments: ["ls-tree", "-r", "-z", head, "--", folder] });
  const paths = listing.split("\0").flatMap((entry) => {
    const [, path] = /^100(?:644|755) blob [0-9a-f]+\t(.+)$/s.exec(entry) ?? [];
    return path === undefined ? [] : [path];
  });
  const files: CommittedFile[] = [];
  for (const path of paths) {
    const text = await git({ arguments: ["cat-file", "blob", `${head}:${path}`] });
    if (!text.includes("\uFFFD")) files.push({ path, text });
  }
  return files;
}

async function commitFiles(
  { git, location, head }: { git: Git; location: RepositoryLocation; head: string },
  branch: string,
  { message, files, previous }: CommitChange,
): Promise<BranchRecord> {
  const reference = `refs/heads/${branch}`;
  const current = await readReference(git, reference);
  if (current !== undefined && current !== previous?.commit) throw foreignBranch(branch);
  const folder = await mkdtemp(join(tmpdir(), "sophia-index-"));
  try {
    const indexFile = join(folder, "index");
    await git({ arguments: ["read-tree", head], indexFile });
    for (const { path, text } of files) {
      if (text === undefined) await git({ arguments: ["update-index", "--force-remove", "--", path], indexFile });
      else {
        const blob = (await git({ arguments: ["hash-object", "-w", "--no-filters", "--stdin"], input: text })).trim();
        await git({ arguments: ["update-index", "--add", "--cacheinfo", `100644,${blob},${path}`], indexFile });
      }
    }
    const tree = (await git({ arguments: ["write-tree"], indexFile })).trim();
    if (current !== undefined && previous?.base === head && tree === (await readTree(git, current))) return previous;
    const commit = (
      await git({ arguments: ["commit-tree", tree, "-p", head, "-F", "-"], input: `${message}\n` })
    ).trim();
    // With the value it must have now: a branch that appears in between is not overwritten.
    await git({ arguments: ["update-ref", reference, commit, current ?? "0".repeat(commit.length)] });
    return { clone: location.workTree, name: branch, base: head, commit };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeBranch(git: Git, { name, commit }: BranchRecord): Promise<boolean> {
  const reference = `refs/heads/${name}`;
  const current = await readReference(git, reference);
  if (current === undefined) return false;
  if (current !== commit) throw foreignBranch(name);
  const checkedOut = (await git({ arguments: ["symbolic-ref", "--quiet", "HEAD"], acceptExitCodes: [1] })).trim();
  if (checkedOut === reference) {
    throw new AppError("denied", `The branch ${name} is checked out, so it cannot be deleted.`, {
      hint: "Switch to another branch, then run this again.",
    });
  }
  await git({ arguments: ["update-ref", "-d", reference, commit] });
  return true;
}

async function readReference(git: Git, reference: string): Promise<string | undefined> {
  const found = await git({ arguments: ["rev-parse", "--verify", "--quiet", reference], acceptExitCodes: [1] });
  return found.trim() === "" ? undefined : found.trim();
}

async function readTree(git: Git, commit: string): Promise<string> {
  return (await git({ arguments: ["rev-parse", `${commit}^{tree}`] })).trim();
}

function notAClone(path: string): AppError {
  return new AppError("not_found", `${path} is no clone of a repository.`, { hint: "Name its top folder." });
}

function foreignBranch(name: string): AppError {
  return new AppError("denied", `The branch ${name} holds work that is not of this run.`, {
    hint: "Rename or delete it, then run this again.",
  });
}
