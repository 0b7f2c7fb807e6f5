import type { Finding } from "./finding.ts";

/** What is known of one repository when it is judged. */
export interface RepositoryFacts {
  branch: string | undefined;
  upstream: string | undefined;
  ahead: number | undefined;
  behind: number | undefined;
  files: readonly { path: string; change: string; staged: boolean }[];
  branches: readonly {
    name: string;
    committedAt: number;
    current: boolean;
    upstream: string | undefined;
    ahead: number;
    behind: number;
    upstreamGone: boolean;
    merged: boolean;
  }[];
  base: string | undefined;
  largestUntracked: readonly { path: string; bytes: number }[];
  nowMs: number;
}

/** GitHub warns from 50 MiB and refuses from 100; below 10 nobody has to care. */
const largeFileBytes = 10 * 1024 * 1024;
export const staleAfterMs = 90 * 24 * 3_600_000;
const shown = 5;

/** What may get lost or in the way, most urgent first; a single `none` when the repository is tidy. */
export function findRepositoryCauses(facts: RepositoryFacts): Finding[] {
  const findings = [
    ...judgeConflicts(facts),
    ...judgeHead(facts),
    ...judgeWork(facts),
    ...judgeLargeFiles(facts),
    ...judgeBranches(facts),
  ];
  if (findings.length > 0) return findings;
  const evidence = [
    `No changed files on ${facts.branch ?? "the present commit"}, in step with ${facts.upstream ?? "no upstream"}.`,
  ];
  return [{ cause: "none", likelihood: "certain", evidence, nextStep: "Nothing to do." }];
}

function judgeConflicts({ files }: RepositoryFacts): Finding[] {
  const paths = files.filter((file) => file.change === "conflicted").map((file) => file.path);
  if (paths.length === 0) return [];
  return [certain("merge_conflict", [listSome(paths)], "Resolve these files, then commit or abort the merge.")];
}

function judgeHead({ branch, upstream, ahead = 0, behind = 0 }: RepositoryFacts): Finding[] {
  if (branch === undefined) {
    return [
      certain("detached_head", ["HEAD is not on a branch."], "Make a branch before committing: git switch -c NAME."),
    ];
  }
  const distance = `${branch} is ${ahead} ahead of and ${behind} behind ${upstream}.`;
  if (ahead > 0 && behind > 0)
    return [certain("diverged", [distance], "Rebase onto or merge the upstream, then push.")];
  if (ahead > 0) return [certain("unpushed_commits", [distance], "Push, or these commits exist on this machine only.")];
  return behind > 0 ? [certain("behind_upstream", [distance], "Pull before starting new work.")] : [];
}

function judgeWork({ files }: RepositoryFacts): Finding[] {
  const changed = files.filter((file) => file.change !== "conflicted");
  if (changed.length === 0) return [];
  const staged = changed.filter((file) => file.staged).length;
  const untracked = changed.filter((file) => file.change === "untracked").length;
  const counts = `${changed.length} files with uncommitted work (${staged} staged, ${untracked} untracked)`;
  const evidence = [`${counts}: ${listSome(changed.map((file) => file.path))}`];
  return [certain("uncommitted_work", evidence, "Commit or stash what is wanted; ignore or remove the rest.")];
}

function judgeLargeFiles({ largestUntracked }: RepositoryFacts): Finding[] {
  const large = largestUntracked.filter((file) => file.bytes >= largeFileBytes);
  if (large.length === 0) return [];
  const evidence = large
    .slice(0, shown)
    .map((file) => `${file.path}: ${Math.round(file.bytes / 1_048_576)} MiB, untracked`);
  return [certain("large_untracked_file", evidence, "Add them to .gitignore or Git LFS before somebody commits them.")];
}

function judgeBranches({ branches, base, nowMs }: RepositoryFacts): Finding[] {
  const others = branches.filter((branch) => !branch.current && branch.name !== base);
  const diverged = others.filter((branch) => branch.ahead > 0 && branch.behind > 0).map((branch) => branch.name);
  const gone = others.filter((branch) => branch.upstreamGone && !branch.merged).map((branch) => branch.name);
  const stale = others.filter((branch) => branch.merged || nowMs - branch.committedAt > staleAfterMs);
  const findings: Finding[] = [];
  if (diverged.length > 0)
    findings.push(certain("diverged", [`Branches: ${listSome(diverged)}`], "Rebase or merge them."));
  if (gone.length > 0) {
    findings.push(
      certain(
        "upstream_gone",
        [`Unmerged, their upstream was deleted: ${listSome(gone)}`],
        "Push again or delete them.",
      ),
    );
  }
  if (stale.length > 0) {
    const merged = stale.filter((branch) => branch.merged).length;
    const evidence = [
      `${stale.length} (${merged} merged into ${base}, the rest without a commit for 90 days): ${listSome(stale.map((branch) => branch.name))}`,
    ];
    findings.push(certain("stale_branch", evidence, "Delete those that are merged; ask their authors about the rest."));
  }
  return findings;
}

function listSome(names: readonly string[]): string {
  const more = names.length > shown ? ` and ${names.length - shown} more` : "";
  return names.slice(0, shown).join(", ") + more;
}

function certain(cause: Finding["cause"], evidence: string[], nextStep: string): Finding {
  return { cause, likelihood: "certain", evidence, nextStep };
}
