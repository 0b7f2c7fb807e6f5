import type { EscDiagnostic } from "../evaluation.ts";
import type { EscRange } from "../range.ts";
import type { NodeSyntax } from "../syntax/syntax-node.ts";

/** An error at a node. */
export function errorAt({ range, path }: NodeSyntax, summary: string): EscDiagnostic {
  return errorIn(range, summary, path);
}

/** An error at a part of a node that stands at `path`. */
export function errorIn(range: EscRange | undefined, summary: string, path: string): EscDiagnostic {
  return {
    severity: "error",
    summary,
    ...(path === "" ? {} : { path }),
    ...(range === undefined ? {} : { range }),
  };
}

export function warningAt(syntax: NodeSyntax, summary: string): EscDiagnostic {
  return { ...errorAt(syntax, summary), severity: "warning" };
}
