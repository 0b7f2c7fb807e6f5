import type { CST } from "yaml";

/**
 * Whether a document is made of nothing but block mappings, block lists and simple scalars, so that its tokens alone
 * show that it is valid. Most definitions are, and need not be composed only to look for errors. A false says nothing.
 */
export function isPlainBlock(source: string, tokens: readonly CST.Token[]): boolean {
  const [document, ...others] = tokens.filter(
    ({ type }) => type !== "comment" && type !== "newline" && type !== "space",
  );
  if (document?.type !== "document" || others.length > 0 || /[\t\r\u0085\u2028\u2029\ufeff]/.test(source)) return false;
  if (document.end !== undefined || document.value === undefined || !areBlank(document.start)) return false;
  const pending: CST.Token[] = [document.value];
  for (let token = pending.pop(); token !== undefined; token = pending.pop()) {
    const isValid =
      token.type === "block-map" || token.type === "block-seq" ? checkItems(source, token, pending) : isScalar(token);
    if (!isValid) return false;
  }
  return true;
}

function areBlank(tokens: readonly CST.SourceToken[]): boolean {
  return tokens.every(({ type }, index) => {
    if (type === "comment") return index > 0 && tokens[index - 1]?.type !== "comment";
    return type === "space" || type === "newline";
  });
}

function checkItems(source: string, collection: CST.BlockMap | CST.BlockSequence, pending: CST.Token[]): boolean {
  let column: number | undefined;
  for (const item of collection.items) {
    const mark = collection.type === "block-map" ? item.key : item.start.find(({ type }) => type === "seq-item-ind");
    if (!mark || !("offset" in mark)) return false;
    const at = mark.offset - (source.lastIndexOf("\n", mark.offset - 1) + 1);
    column ??= at;
    if (at !== column) return false;
    if (collection.type === "block-map" ? !checkPair(item) : !checkItem(item)) return false;
    if (item.value) pending.push(item.value);
  }
  return true;
}

type Item = (CST.BlockMap | CST.BlockSequence)["items"][number];

function checkPair({ start, key, sep, value }: Item): boolean {
  if (!key || !sep || !isScalar(key) || key.type === "block-scalar" || !areBlank(start)) return false;
  const [colon, ...rest] = sep;
  if (colon?.type !== "map-value-ind" || !areBlank([{ ...colon, type: "space" }, ...rest])) return false;
  if ("source" in key && (key.source.includes("\n") || key.source.length > 1_000)) return false;
  const isNested = value?.type === "block-map" || value?.type === "block-seq";
  return !isNested || rest.some(({ type }) => type === "newline");
}

function checkItem({ start, key, sep }: Item): boolean {
  const dash = start.findIndex(({ type }) => type === "seq-item-ind");
  const rest = start.slice(dash + 1);
  return (
    !key &&
    !sep &&
    areBlank(start.slice(0, dash)) &&
    areBlank([{ type: "space", offset: 0, indent: 0, source: "" }, ...rest])
  );
}

function isScalar(token: CST.Token): boolean {
  if (token.type === "block-scalar") {
    const [header, ...rest] = token.props;
    const isSimple = header !== undefined && "source" in header && /^[|>][-+]?$/.test(header.source);
    return isSimple && rest.every(({ type }) => type === "newline") && /^ *[^ \n]/.test(token.source);
  }
  if (!("source" in token) || !areEnds("end" in token ? token.end : undefined)) return false;
  const { source, type } = token;
  if (type === "scalar") return /^[^,%@`\s]/.test(source) && !source.includes("\n");
  if (type === "single-quoted-scalar") return /^'(?:[^'\n]|'')*'$/.test(source);
  return type === "double-quoted-scalar" && /^"[^"\\\n]*"$/.test(source);
}

/** What may follow a scalar on its line: a comment, but not without a space. */
function areEnds(end: readonly CST.Token[] | undefined): boolean {
  return (end ?? []).every(({ type }, index, tokens) => {
    if (type === "comment") return tokens[index - 1]?.type === "space" || tokens[index - 1]?.type === "newline";
    return type === "space" || type === "newline";
  });
}
