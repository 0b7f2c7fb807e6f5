import { randomBytes } from "node:crypto";
import { unwrap } from "@sophia/core/config/secret";
import type { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { formatPropertyPath } from "@sophia/core/secrets/esc/property-path";
import { isMap, parseDocument } from "yaml";
import type { Document } from "yaml";

/** Something to put into an environment, at keys below `values`. */
export interface EnvironmentEdit {
  path: readonly string[];
  set:
    | { kind: "secret"; value: Secret }
    | { kind: "plain"; value: string }
    /** Keys of another value: of this environment, or from `environments` on. */
    | { kind: "reference"; to: readonly string[] };
}

/** The text with all edits made; comments, order and everything else stay. Throws AppError `invalid_input` for no YAML. */
export function applyEdits(source: string, edits: readonly EnvironmentEdit[]): string {
  if (edits.length === 0) return source;
  const document = parseDocument(source, { keepSourceTokens: false });
  if (document.errors.length > 0 || (document.contents !== null && !isMap(document.contents))) {
    throw new AppError("invalid_input", "The environment's text is no YAML mapping.", {
      hint: "Correct it with `secrets edit` first.",
    });
  }
  // The library would write some characters raw that other YAML readers take for line ends: so the text of a value is
  // written here, and a mark that nothing else can hold keeps its place.
  const mark = `sophia-${randomBytes(16).toString("hex")}-`;
  const texts: string[] = [];
  for (const { path, set } of edits) {
    const placeholder = `${mark}${texts.push(formatScalar(set)) - 1}-`;
    openMaps(document, ["values", ...path]);
    document.setIn(
      ["values", ...path],
      document.createNode(set.kind === "secret" ? { "fn::secret": placeholder } : placeholder),
    );
  }
  const text = document.toString({ lineWidth: 0 });
  return text.replaceAll(new RegExp(`${mark}(\\d+)-`, "g"), (_, index: string) => texts[Number(index)] ?? "");
}

/** `{}` in the skeleton means "nothing yet", not that what comes should stand on one line. */
function openMaps(document: Document, path: readonly string[]): void {
  for (let depth = 1; depth < path.length; depth++) {
    const found = document.getIn(path.slice(0, depth), true);
    if (isMap(found) && found.items.length === 0) found.flow = false;
  }
}

function formatScalar(set: EnvironmentEdit["set"]): string {
  if (set.kind === "reference") return `\${${formatPropertyPath(set.to)}}`;
  // A secret is sealed as it stands here; a plain text is looked through for expressions.
  return quote(set.kind === "secret" ? unwrap(set.value) : set.value.replaceAll(/\$(?=[{$])/g, "$$$$"));
}

/** JSON's strings are YAML's, but for characters that YAML reads as line ends or refuses. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(
    // oxlint-disable-next-line no-control-regex
    /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
