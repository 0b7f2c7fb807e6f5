import type { EscDiagnostic } from "@sophia/core/secrets/esc/evaluation";
import { createExcerptFormatter } from "@sophia/core/secrets/inspect/format-excerpt";
import { formatDiagnostics } from "@sophia/core/secrets/settings/format-diagnostics";
import type { Terminal } from "../terminal.ts";

const maximumShown = 20;

/** Tells each diagnostic with its place and, where it lies in this text, the line. */
export function showDiagnostics(
  terminal: Terminal,
  diagnostics: readonly EscDiagnostic[],
  text: { environment: string; source: string },
): void {
  const excerpts = createExcerptFormatter(text.environment, text.source);
  for (const diagnostic of diagnostics.slice(0, maximumShown)) {
    const isError = diagnostic.severity === "error";
    const [line = ""] = formatDiagnostics([diagnostic], 1);
    terminal.note(terminal.style(isError ? "red" : "yellow", `${isError ? "error" : "warning"}: ${line}`));
    const excerpt = excerpts.format(diagnostic);
    if (excerpt !== undefined) terminal.note(excerpt);
  }
  if (diagnostics.length > maximumShown) terminal.note(`and ${diagnostics.length - maximumShown} more`);
}
