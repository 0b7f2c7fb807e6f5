import { AppError } from "../../errors/app-error.ts";
import { parseEnvironmentId } from "./environment-id.ts";
import type { EnvironmentId } from "./secret-backend.ts";

/** What an import names: an environment, and which revision of it. */
export interface EnvironmentReference {
  id: EnvironmentId;
  /** A number, or the name of a revision tag. Undefined is the newest. */
  revision: number | string | undefined;
}

/**
 * `project/name`, or a `name` in the project `default` as for Pulumi Cloud, with `@revision` or `@tag` behind it.
 * Throws AppError `invalid_input`.
 */
export function parseEnvironmentReference(text: string): EnvironmentReference {
  const [name = "", version, ...rest] = text.split("@");
  if (rest.length > 0 || version === "") throw badReference();
  return { id: parseEnvironmentId(name), revision: version === undefined ? undefined : parseRevision(version) };
}

/** As the `esc` command reads it: what starts with a digit is a number. Throws AppError `invalid_input`. */
export function parseRevision(text: string): number | string {
  if (!/^\d/.test(text)) return text;
  const revision = Number(text);
  if (!Number.isSafeInteger(revision) || revision < 1) throw badReference();
  return revision;
}

function badReference(): AppError {
  return new AppError("invalid_input", "This names no revision of an environment.", {
    hint: "Write project/name, project/name@12 or project/name@tag.",
  });
}
