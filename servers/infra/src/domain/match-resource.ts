import { AppError } from "@sophia/core/errors/app-error";

export type ResourceKind = "container" | "server" | "repository";

/** Something that can be named in a request. */
export interface Candidate {
  kind: ResourceKind;
  id: string;
  name: string;
  /** Other words for it, such as its compose service. Need not be unique. */
  aliases: readonly string[];
}

const shortestIdPrefix = 6;
const shownCandidates = 8;

/**
 * The one candidate that `wanted` names: by name, alias or id, or by the first six or more characters of an id.
 * `kind:name` narrows. Nothing is guessed: several are an `invalid_input` that names them, none is `not_found`.
 */
export function matchResource(candidates: readonly Candidate[], wanted: string): Candidate {
  const { kind, text } = splitKind(wanted.trim());
  const eligible = kind === undefined ? candidates : candidates.filter((candidate) => candidate.kind === kind);
  const exact = eligible.filter(({ id, name, aliases }) => id === text || name === text || aliases.includes(text));
  const found =
    exact.length > 0 || text.length < shortestIdPrefix ? exact : eligible.filter(({ id }) => id.startsWith(text));
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  if (only !== undefined) throw ambiguous(text, found);
  throw notFound(text, eligible);
}

function splitKind(wanted: string): { kind: ResourceKind | undefined; text: string } {
  const match = /^(container|server|repository):(.+)$/s.exec(wanted);
  return match ? { kind: match[1] as ResourceKind, text: match[2] ?? "" } : { kind: undefined, text: wanted };
}

/** `container:web (3f2a91c0de11)`: what to send instead, and enough to choose by. */
function describe({ kind, id, name }: Candidate): string {
  const shownId = kind === "container" ? id.slice(0, 12) : printable(id);
  return `${kind}:${shownId} (${printable(name)})`;
}

function ambiguous(text: string, found: readonly Candidate[]): AppError {
  const names = found.slice(0, shownCandidates).map(describe).join(", ");
  return new AppError("invalid_input", `"${printable(text)}" fits ${found.length} resources: ${names}.`, {
    hint: "Ask the user which one is meant, then use its id.",
  });
}

function notFound(text: string, eligible: readonly Candidate[]): AppError {
  const near = eligible.filter(({ name }) => text !== "" && name.toLowerCase().includes(text.toLowerCase()));
  const names = near.slice(0, shownCandidates).map(describe).join(", ");
  return new AppError("not_found", `Nothing here is called "${printable(text)}".`, {
    hint:
      names === ""
        ? "list_resources shows what there is."
        : `Similar: ${names}. Ask the user; list_resources shows the rest.`,
  });
}

function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- taken out before the text is shown
  return text.replace(/[\u0000-\u001f\u007f"]/g, "?").slice(0, 120);
}
