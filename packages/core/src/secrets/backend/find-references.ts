import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";

const access = String.raw`(?:\.([\w-]+)|\[\s*"([^"\n]{1,200})"\s*\])`;
const referred = new RegExp(String.raw`\benvironments${access}${access}`, "g");

/**
 * The environments that a definition names: its imports, as written, and those it refers to by `${environments.…}`.
 * May name one too many, e.g. out of a comment, never one too few; a text that is no YAML imports nothing.
 */
export function findReferences(source: string): string[] {
  const named = [...source.matchAll(referred)].map((match) => {
    return `${match[1] ?? match[2] ?? ""}/${match[3] ?? match[4] ?? ""}`;
  });
  return [...new Set([...listImports(source), ...named])];
}

function listImports(source: string): string[] {
  const document = parseDocument(source, { logLevel: "silent", uniqueKeys: false });
  if (document.errors.length > 0 || !isMap(document.contents)) return [];
  const imports = follow(document, document.get("imports", true));
  return isSeq(imports) ? imports.items.flatMap((item) => nameOf(document, follow(document, item))) : [];
}

/** `- project/name`, or `- project/name: {merge: false}`. */
function nameOf(document: Document, item: unknown): string[] {
  const name = isMap(item) ? follow(document, item.items[0]?.key) : item;
  return isScalar(name) && typeof name.value === "string" ? [name.value] : [];
}

function follow(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}
