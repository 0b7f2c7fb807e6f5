import type { CommittedFile } from "./clone-branch.ts";
import { rewriteWorkflow } from "./rewrite-workflow.ts";
import type { RewriteNote, RewriteOptions } from "./rewrite-workflow.ts";

export interface RepositoryNote extends RewriteNote {
  file: string;
}

export interface RepositoryRewrite {
  /** Files whose text is another now. */
  files: readonly CommittedFile[];
  replaced: readonly { file: string; line: number; name: string }[];
  byHand: readonly RepositoryNote[];
  doubts: readonly RepositoryNote[];
  /** Upper case names that a workflow still reads from GitHub; `*` where it may be any. */
  stillUsed: readonly string[];
}

const maximumRounds = 10;

/** Rewrites all workflows of a repository. Who calls a workflow that reads from ESC gets the right it needs, call by call. */
export function rewriteRepository(
  files: readonly CommittedFile[],
  options: Omit<RewriteOptions, "changedCallees">,
): RepositoryRewrite {
  let changedCallees: ReadonlySet<string> = new Set();
  for (let round = 1; ; round++) {
    const known = changedCallees;
    const results = files.map((file) => ({
      ...file,
      result: rewriteWorkflow(file.text, { ...options, changedCallees: known }),
    }));
    const changed = results.filter(({ text, result }) => result.text !== text);
    const callees = new Set(changed.map(({ path }) => `./${path}`));
    if (callees.size > known.size && round < maximumRounds) {
      changedCallees = callees;
      continue;
    }
    const byHand = results.flatMap(({ path, result }) => result.byHand.map((note) => ({ file: path, ...note })));
    return {
      files: changed.map(({ path, result }) => ({ path, text: result.text })),
      replaced: results.flatMap(({ path, result }) => result.replaced.map((each) => ({ file: path, ...each }))),
      byHand,
      doubts: results.flatMap(({ path, result }) => result.doubts.map((note) => ({ file: path, ...note }))),
      stillUsed: [...new Set(byHand.map(({ name }) => name ?? "*"))].toSorted(),
    };
  }
}
