import { isMap, isScalar } from "yaml";
import type { YAMLMap } from "yaml";
import { findPair } from "./workflow-model.ts";
import type { JobModel, WorkflowModel } from "./workflow-model.ts";
import { lineBreak, lineStart } from "./text-edit.ts";
import type { TextEdit } from "./text-edit.ts";

/** What it takes for a job to ask GitHub for an identity token, and what a person should look at. */
export interface RightsEdit {
  edits: readonly TextEdit[];
  doubt: string | undefined;
}

/**
 * Lets a job sign in without a stored token (`id-token: write`). A job that says nothing has the repository's default
 * rights, which nobody sees in the file, and saying one right takes all others away: then it gets those of GitHub's own
 * default and a doubt. https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions
 */
export function allowIdentity(text: string, workflow: WorkflowModel, job: JobModel): RightsEdit {
  const own = findPair(job.map, "permissions")?.value;
  if (own !== undefined && own !== null) return extend(text, own);
  const shared = findPair(workflow.root, "permissions")?.value;
  if (shared !== undefined && shared !== null) return extend(text, shared);
  const first = job.map.items[0];
  const at = isScalar(first?.key) ? (first.key.range?.[0] ?? 0) : 0;
  const indent = text.slice(lineStart(text, at), at);
  if (job.map.flow === true || indent.trim() !== "") return { edits: [], doubt: "needs the right id-token: write" };
  const lines = ["permissions:", "  contents: read", "  packages: read", "  id-token: write"];
  return {
    edits: [
      {
        start: lineStart(text, at),
        end: lineStart(text, at),
        text: lines.map((line) => `${indent}${line}${lineBreak(text)}`).join(""),
      },
    ],
    doubt: "had the repository's default rights; now it has read access and id-token: check that it needs no more",
  };
}

function extend(text: string, node: unknown): RightsEdit {
  if (isMap(node)) return extendMap(text, node);
  if (isScalar(node) && node.value === "write-all") return { edits: [], doubt: undefined };
  return { edits: [], doubt: "needs the right id-token: write beside those it has" };
}

function extendMap(text: string, map: YAMLMap): RightsEdit {
  const known: unknown = map.get("id-token");
  if (known === "write") return { edits: [], doubt: undefined };
  if (known !== undefined) return { edits: [], doubt: "is denied id-token; it needs id-token: write" };
  if (map.flow === true) {
    const at = (map.range?.[1] ?? 1) - 1;
    const separator = map.items.length === 0 ? " " : ", ";
    return {
      edits: [{ start: trimmedEnd(text, at), end: at, text: `${separator}id-token: write ` }],
      doubt: undefined,
    };
  }
  const first = map.items[0];
  const at = isScalar(first?.key) ? (first.key.range?.[0] ?? 0) : 0;
  const start = lineStart(text, at);
  return {
    edits: [{ start, end: start, text: `${text.slice(start, at)}id-token: write${lineBreak(text)}` }],
    doubt: undefined,
  };
}

function trimmedEnd(text: string, at: number): number {
  return text.slice(0, at).trimEnd().length;
}
