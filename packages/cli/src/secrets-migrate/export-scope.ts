import { AppError } from "@sophia/core/errors/app-error";

/** Where GitHub keeps a secret: with the repository and its organisation, or with one of its environments. */
export type ExportScope = { kind: "base" } | { kind: "environment"; environment: string };

const prefix = "environment ";

/** `base`, or `environment NAME`: in files, journals and on the runner. */
export function formatScope(scope: ExportScope): string {
  return scope.kind === "base" ? "base" : `${prefix}${scope.environment}`;
}

/** Throws AppError `invalid_input`. */
export function parseScope(text: string): ExportScope {
  if (text === "base") return { kind: "base" };
  if (text.startsWith(prefix)) return { kind: "environment", environment: text.slice(prefix.length) };
  throw new AppError("invalid_input", "This export names a place of secrets that GitHub does not have.", {
    hint: "Use the file as the export workflow made it.",
  });
}

/** For people. */
export function describeScope(scope: string): string {
  const parsed = parseScope(scope);
  return parsed.kind === "base" ? "repository or organisation" : `environment ${parsed.environment}`;
}
