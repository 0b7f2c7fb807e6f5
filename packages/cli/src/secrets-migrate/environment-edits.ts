import { randomBytes } from "node:crypto";
import { unwrap } from "@sophia/core/config/secret";
import type { Secret } from "@sophia/core/config/secret";
import { setValue } from "@sophia/core/secrets/esc/edit-source";
import { formatPropertyPath } from "@sophia/core/secrets/esc/property-path";

/** Something to put into an environment, at keys below `values`. */
export interface EnvironmentEdit {
  path: readonly string[];
  set:
    | { kind: "secret"; value: Secret }
    | { kind: "plain"; value: string }
    /** Keys of another value: of this environment, or from `environments` on. */
    | { kind: "reference"; to: readonly string[] };
}

/** The text with all edits made; comments and order stay. Throws AppError `invalid_input` for a text that is no YAML. */
export function applyEdits(source: string, edits: readonly EnvironmentEdit[]): string {
  // The YAML writer puts some characters as they are that go-yaml, which Pulumi Cloud reads with, takes for line ends:
  // so a value's text is written here, and a mark that nothing else can hold keeps its place until then.
  const mark = `sophia-${randomBytes(16).toString("hex")}-`;
  let text = source;
  for (const [index, { path, set }] of edits.entries()) {
    const placeholder = `${mark}${index}-`;
    const sealed = new Map([["fn::secret", placeholder]]);
    const secret = isExpressionLike(set) ? new Map([["fn::fromJSON", sealed]]) : sealed;
    text = setValue(text, ["values", ...path], { data: set.kind === "secret" ? secret : placeholder });
  }
  return text.replaceAll(new RegExp(`${mark}(\\d+)-`, "g"), (_, index: string) => {
    const edit = edits[Number(index)];
    return edit === undefined ? "" : formatScalar(edit.set);
  });
}

function formatScalar(set: EnvironmentEdit["set"]): string {
  if (set.kind === "reference") return quote(`\${${formatPropertyPath(set.to)}}`);
  // A plain text is looked through for expressions, and `$$` is how it says `$`.
  if (set.kind === "plain") return quote(set.value.replaceAll(/\$(?=[{$])/g, "$$$$"));
  const text = unwrap(set.value);
  return quote(isExpressionLike(set) ? JSON.stringify(text).replaceAll("$", "\\u0024") : text);
}

/**
 * The language refuses an expression inside `fn::secret`, and seals `$$` as it stands there: so a secret that looks like
 * one is sealed as JSON without any dollar sign, and read back with `fn::fromJSON`.
 */
function isExpressionLike(set: EnvironmentEdit["set"]): boolean {
  return set.kind === "secret" && /\$[{$]/.test(unwrap(set.value));
}

/** JSON's strings are YAML's, but for characters that YAML reads as line ends or refuses. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(
    // oxlint-disable-next-line no-control-regex
    /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
