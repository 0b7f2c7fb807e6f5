import type { EscDiagnostic } from "../esc/evaluation.ts";

/** One line each, as compilers write them: `environment:line:column: path: what is wrong`. At most `limit`, then how many more. */
export function formatDiagnostics(diagnostics: readonly EscDiagnostic[], limit: number): string[] {
  const lines = diagnostics.slice(0, limit).map(formatDiagnostic);
  const left = diagnostics.length - lines.length;
  return left > 0 ? [...lines, `and ${left} more`] : lines;
}

function formatDiagnostic({ summary, path, range }: EscDiagnostic): string {
  const place = range && `${range.environment}:${range.begin.line}:${range.begin.column}`;
  return [place, path, summary].filter((part) => part !== undefined && part !== "").join(": ");
}
