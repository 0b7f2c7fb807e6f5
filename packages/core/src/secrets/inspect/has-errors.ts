import type { EscDiagnostic } from "../esc/evaluation.ts";

/** Whether a text comes to nothing: warnings alone do not keep it from being used. */
export function hasErrors(diagnostics: readonly Pick<EscDiagnostic, "severity">[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}
