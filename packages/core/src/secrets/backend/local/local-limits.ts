import { AppError } from "../../../errors/app-error.ts";

export interface LocalLimits {
  /** Of one definition. */
  sourceBytes: number;
  revisions: number;
  environments: number;
  /** Of each kind for one environment. */
  tags: number;
}

export const defaultLimits: LocalLimits = {
  sourceBytes: 1024 * 1024,
  revisions: 10_000,
  environments: 10_000,
  tags: 100,
};

const longestMessage = 1_000;

export function checkSource(yaml: string, limits: LocalLimits): void {
  if (!yaml.isWellFormed()) throw refusal("The definition is not valid text.", "Save it as UTF-8.");
  if (Buffer.byteLength(yaml) <= limits.sourceBytes) return;
  throw refusal(
    `A definition may have ${limits.sourceBytes} bytes; this one has more.`,
    "Move a part of it to an environment of its own and import that.",
  );
}

export function checkRevisionCount(revision: number, limits: LocalLimits): void {
  if (revision <= limits.revisions) return;
  throw refusal(
    `An environment may have ${limits.revisions} revisions; this one has them all.`,
    "Make a new environment with the present definition, and import that.",
  );
}

export function checkCount(count: number, limit: number, what: string): void {
  if (count < limit) return;
  throw refusal(`There may be ${limit} ${what}; no more fit.`, "Remove one that is not needed.");
}

/** Goes into the first line of a file and into lists: one line, not too long. */
export function trimMessage(message: string | undefined): string {
  return (message ?? "").replaceAll(/\s+/g, " ").trim().slice(0, longestMessage);
}

/** Names of revision tags, as in `project/name@tag`: a digit in front would make it a number. */
export function checkRevisionTag(tag: string): void {
  if (tag === "latest") throw refusal("The tag latest moves by itself.", "Choose another name.");
  if (/^[A-Za-z][\w.-]{0,99}$/.test(tag)) return;
  throw refusal(
    "This is no name for a revision tag.",
    "A letter, then letters, digits, -, _ and .; at most 100 in all.",
  );
}

export function checkTag(name: string, value: string): void {
  if (/^[\w.:/-]{1,64}$/.test(name) && value.length <= 256) return;
  throw refusal("This is no tag.", "Names have up to 64 letters, digits and . _ : / -; values up to 256 characters.");
}

function refusal(message: string, hint: string): AppError {
  return new AppError("invalid_input", message, { hint });
}
