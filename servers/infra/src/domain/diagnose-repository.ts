import { conclude, type Diagnosis } from "./diagnosis.ts";
import type { InfraServices } from "../services.ts";
import type { Candidate } from "./match-resource.ts";
import { redactText } from "./redact-text.ts";
import { findRepositoryCauses } from "./repository-findings.ts";

export async function diagnoseRepository(
  services: InfraServices,
  target: Candidate,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const { git, clock, scrub } = services;
  const clean = (text: string): string => redactText(text, scrub, 120);
  const [status, { base, branches }, untracked, diff, commits] = await Promise.all([
    git.status(target.id, signal),
    git.branches(target.id, signal),
    git.untracked(target.id, signal),
    git.diffstat(target.id, { signal }),
    git.commits(target.id, { limit: 5, signal }),
  ]);
  const findings = findRepositoryCauses({
    ...status,
    branch: status.branch === undefined ? undefined : clean(status.branch),
    upstream: status.upstream === undefined ? undefined : clean(status.upstream),
    files: status.files.map((file) => ({ ...file, path: clean(file.path) })),
    branches: branches.map((branch) => ({ ...branch, name: clean(branch.name) })),
    base: base === undefined ? undefined : clean(base),
    largestUntracked: untracked.map((file) => ({ ...file, path: clean(file.path) })),
    nowMs: clock.now(),
  });
  return conclude(target, findings, {
    facts: {
      path: target.id,
      branch: clean(status.branch ?? "(none)"),
      changedFiles: status.files.length,
      linesAdded: diff.reduce((sum, file) => sum + (file.added ?? 0), 0),
      linesRemoved: diff.reduce((sum, file) => sum + (file.removed ?? 0), 0),
      branches: branches.length,
      untrackedFiles: untracked.length,
      ...(status.ahead !== undefined && { ahead: status.ahead, behind: status.behind ?? 0 }),
    },
    history: commits.toReversed().map((commit) => ({
      at: new Date(commit.committedAt).toISOString(),
      what: clean(`${commit.id.slice(0, 10)} ${commit.subject}`),
    })),
    untrustedLines: [],
  });
}
