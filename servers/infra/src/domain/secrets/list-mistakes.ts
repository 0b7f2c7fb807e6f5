import type { EscDiagnostic } from "@sophia/core/secrets/esc/evaluation";
import { createExcerptFormatter } from "@sophia/core/secrets/inspect/format-excerpt";
import { z } from "zod";

export const FoundMistake = z.object({
  number: z.int().describe("From 1, in the order they were found."),
  severity: z.enum(["error", "warning"]),
  summary: z.string(),
  place: z.string().optional().describe("environment:line:column."),
  path: z.string().optional().describe("Property path in the definition."),
  excerpt: z.string().optional().describe("The line with marks below the place; absent where it could show a secret."),
});

/** The diagnostics of one environment's text as a model may see them. */
export function listMistakes(
  environment: string,
  source: string,
  diagnostics: readonly EscDiagnostic[],
): z.infer<typeof FoundMistake>[] {
  const excerpts = createExcerptFormatter(environment, source);
  return diagnostics.map((diagnostic, index) => {
    const { severity, summary, path, range } = diagnostic;
    const excerpt = excerpts.format(diagnostic);
    const name = range?.environment === undefined || range.environment === "<yaml>" ? environment : range.environment;
    return {
      number: index + 1,
      severity,
      summary,
      ...(range && { place: `${name}:${range.begin.line}:${range.begin.column}` }),
      ...(path !== undefined && { path }),
      ...(excerpt !== undefined && { excerpt }),
    };
  });
}
