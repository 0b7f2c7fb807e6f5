import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId, parseEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";

/** An environment, perhaps at one of its revisions, as a person names it on the command line. */
export interface EnvironmentName {
  id: EnvironmentId;
  /** A number, or the name of a revision tag; undefined for the newest. */
  revision: number | string | undefined;
}

// What starts with a digit is a number, as for the `esc` command.
const revisionTag = /^[A-Za-z_][\w.-]{0,99}$/;

/** `[project/]name[@revision|@tag]`. Throws AppError `invalid_input`. */
export function parseEnvironmentName(text: string, defaultProject: string): EnvironmentName {
  const at = text.indexOf("@");
  const name = at === -1 ? text : text.slice(0, at);
  const id = parseEnvironmentId(name.includes("/") ? name : `${defaultProject}/${name}`);
  return { id, revision: at === -1 ? undefined : parseRevision(text.slice(at + 1)) };
}

/** The other side of a comparison: a whole name, or `@revision` of the first one. */
export function parseRelativeName(text: string, base: EnvironmentName, defaultProject: string): EnvironmentName {
  return text.startsWith("@")
    ? { id: base.id, revision: parseRevision(text.slice(1)) }
    : parseEnvironmentName(text, defaultProject);
}

export function formatEnvironmentName({ id, revision }: EnvironmentName): string {
  return revision === undefined ? formatEnvironmentId(id) : `${formatEnvironmentId(id)}@${revision}`;
}

/** For commands that write: only the newest revision can be changed. */
export function requireNewest({ id, revision }: EnvironmentName): EnvironmentId {
  if (revision === undefined) return id;
  throw new AppError("invalid_input", "Only the newest revision of an environment can be changed.", {
    hint: `Leave @${revision} out; \`secrets rollback\` makes an old revision the newest one.`,
  });
}

function parseRevision(text: string): number | string {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (number !== undefined && number > 0) return number;
  if (number === undefined && revisionTag.test(text)) return text;
  throw new AppError("invalid_input", "Behind @ stands the number of a revision, or the name of a revision tag.", {
    hint: "For example sophia/base@3 or sophia/base@latest; `secrets log` shows them.",
  });
}
