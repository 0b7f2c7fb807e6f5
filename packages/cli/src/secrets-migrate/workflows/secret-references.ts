/** One use of the `secrets` context inside an expression. Offsets count from the start of the given text. */
export interface SecretReference {
  start: number;
  end: number;
  /** Upper case: GitHub's names have no case. Undefined for what is only known when it runs: `secrets[matrix.x]`, `toJSON(secrets)`. */
  name: string | undefined;
  /** The reference is all that its expression holds. */
  alone: boolean;
}

/** One expression, from its first to behind its last brace. */
interface ExpressionSpan {
  start: number;
  end: number;
  bodyStart: number;
  bodyEnd: number;
}

const word = /[A-Za-z_][\w-]*/y;

/**
 * Every use of secrets in the expressions of a text (one scalar of a workflow, as it is written). Strings inside
 * expressions do not count, nor does a property of that name: `inputs.secrets`. Pure; never throws.
 * https://docs.github.com/actions/reference/workflows-and-actions/expressions
 */
export function findSecretReferences(text: string): SecretReference[] {
  return findExpressions(text).flatMap((span) => findInExpression(text, span));
}

function findExpressions(text: string): ExpressionSpan[] {
  const spans: ExpressionSpan[] = [];
  for (let start = text.indexOf("${{"); start >= 0; start = text.indexOf("${{", start)) {
    const bodyStart = start + 3;
    const bodyEnd = findEnd(text, bodyStart);
    if (bodyEnd < 0) break;
    spans.push({ start, end: bodyEnd + 2, bodyStart, bodyEnd });
    start = bodyEnd + 2;
  }
  return spans;
}

/** Braces inside a string end nothing. */
function findEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "'") {
      const closing = text.indexOf("'", at + 1);
      if (closing < 0) return -1;
      at = closing;
    } else if (text.startsWith("}}", at)) return at;
  }
  return -1;
}

function findInExpression(text: string, { bodyStart, bodyEnd }: ExpressionSpan): SecretReference[] {
  const found: SecretReference[] = [];
  let at = bodyStart;
  while (at < bodyEnd) {
    if (text[at] === "'") {
      at = text.indexOf("'", at + 1) + 1;
      continue;
    }
    word.lastIndex = at;
    const token = word.exec(text)?.[0];
    if (token === undefined) {
      at += 1;
      continue;
    }
    if (token.toLowerCase() === "secrets" && !isProperty(text, at, bodyStart)) {
      const reference = readAccess(text, at, bodyEnd);
      const alone = text.slice(bodyStart, at).trim() === "" && text.slice(reference.end, bodyEnd).trim() === "";
      found.push({ ...reference, alone });
      at = reference.end;
    } else at += token.length;
  }
  return found;
}

function isProperty(text: string, at: number, from: number): boolean {
  return text.slice(from, at).trimEnd().endsWith(".");
}

function readAccess(text: string, start: number, limit: number): Omit<SecretReference, "alone"> {
  const rest = text.slice(start, limit);
  const access = /^secrets\s*(?:\.\s*([A-Za-z_][\w-]*)|\[\s*'(\w+)'\s*\])/i.exec(rest);
  const name = access?.[1] ?? access?.[2];
  if (access === null || name === undefined) return { start, end: start + "secrets".length, name: undefined };
  return { start, end: start + access[0].length, name: name.toUpperCase() };
}
