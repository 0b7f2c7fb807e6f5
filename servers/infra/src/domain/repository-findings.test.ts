import { describe, expect, it } from "vitest";
import { findRepositoryCauses, type RepositoryFacts } from "./repository-findings.ts";

const nowMs = Date.UTC(2026, 10, 22);
const clean: RepositoryFacts = {
  branch: "main",
  upstream: "origin/main",
  ahead: 0,
  behind: 0,
  files: [],
  branches: [],
  base: "main",
  largestUntracked: [],
  nowMs,
};
const branch = {
  name: "old",
  committedAt: nowMs,
  current: false,
  upstream: undefined,
  ahead: 0,
  behind: 0,
  upstreamGone: false,
  merged: false,
};
const day = 24 * 3_600_000;

describe("findRepositoryCauses", () => {
  it.each<[string, Partial<RepositoryFacts>, string[]]>([
    ["clean", {}, ["none"]],
    ["changed files", { files: [{ path: "a", change: "modified", staged: true }] }, ["uncommitted_work"]],
    ["a conflict", { files: [{ path: "a", change: "conflicted", staged: false }] }, ["merge_conflict"]],
    ["ahead", { ahead: 2 }, ["unpushed_commits"]],
    ["behind", { behind: 2 }, ["behind_upstream"]],
    ["diverged", { ahead: 1, behind: 1 }, ["diverged"]],
    ["no upstream", { upstream: undefined, ahead: undefined, behind: undefined }, ["none"]],
    ["a detached head", { branch: undefined }, ["detached_head"]],
    [
      "a large untracked file",
      { largestUntracked: [{ path: "x.bin", bytes: 20 * 1_048_576 }] },
      ["large_untracked_file"],
    ],
    ["a small untracked file", { largestUntracked: [{ path: "x.bin", bytes: 1_048_576 }] }, ["none"]],
    ["a merged branch", { branches: [{ ...branch, merged: true }] }, ["stale_branch"]],
    ["a branch of 91 days ago", { branches: [{ ...branch, committedAt: nowMs - 91 * day }] }, ["stale_branch"]],
    ["a branch of 89 days ago", { branches: [{ ...branch, committedAt: nowMs - 89 * day }] }, ["none"]],
    ["a diverged other branch", { branches: [{ ...branch, ahead: 1, behind: 2 }] }, ["diverged"]],
    ["work whose upstream is gone", { branches: [{ ...branch, upstreamGone: true }] }, ["upstream_gone"]],
    ["the base branch itself", { branches: [{ ...branch, name: "main", merged: true }] }, ["none"]],
  ])("%s", (_name, changes, causes) => {
    expect(findRepositoryCauses({ ...clean, ...changes }).map((finding) => finding.cause)).toEqual(causes);
  });

  it("names five files and counts the rest", () => {
    const files = Array.from({ length: 8 }, (_, index) => ({ path: `f${index}`, change: "untracked", staged: false }));
    expect(findRepositoryCauses({ ...clean, files })[0]?.evidence[0]).toBe(
      "8 files with uncommitted work (0 staged, 8 untracked): f0, f1, f2, f3, f4 and 3 more",
    );
  });
});
