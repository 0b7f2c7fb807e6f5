import { isMap, isScalar, isSeq, parseDocument, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { Document, Node } from "yaml";
import { AppError } from "../../../errors/app-error.ts";
import { resolveScalar } from "../syntax/resolve-scalar.ts";
import type { JsonData } from "../text/format-json.ts";

// Scalars stay the text that they are: what they mean is the evaluator's business, not the editor's.
const parseOptions = { schema: "failsafe", uniqueKeys: false, logLevel: "silent" } as const;

/** A definition for editing, comments included. Throws invalid_input for what is no YAML. */
export function parseForEditing(source: string): Document {
  const document = parseDocument(source, parseOptions);
  if (document.errors.length > 0) {
    const line = document.errors[0]?.linePos?.[0].line ?? 1;
    throw new AppError("invalid_input", `The definition is no valid YAML, from line ${line} on.`, {
      hint: "Correct it with an editor first.",
    });
  }
  return document as unknown as Document;
}

/** An edited definition, with the indentation that the text had. */
export function writeDocument(document: Document, source: string): string {
  const nested = /^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*\1( {1,8})[^\s#-]/m.exec(source);
  const indent = nested?.[2]?.length ?? 2;
  const hasFlushLists = /^( *)[^\s#-].*:[ \t]*(?:#.*)?\n\1- /m.test(source);
  return escapeControls(document.toString({ lineWidth: 0, indent, indentSeq: !hasFlushLists }));
}

/** Characters that YAML allows, or that other parsers leave alone, in double quotes and escaped only. */
export function escapeControls(text: string): string {
  return text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- it is them that are looked for
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A node for plain data, quoted wherever it would otherwise be read as something else. */
export function createNode(data: JsonData): Node {
  if (Array.isArray(data)) {
    const list = new YAMLSeq();
    for (const item of data as readonly JsonData[]) list.items.push(createNode(item));
    if (list.items.length === 0) list.flow = true;
    return list;
  }
  if (data instanceof Map) {
    const map = new YAMLMap();
    for (const [key, item] of data as ReadonlyMap<string, JsonData>)
      map.add({ key: createText(key), value: createNode(item) });
    if (map.items.length === 0) map.flow = true;
    return map;
  }
  if (typeof data === "string") return createText(data);
  return createPlain(data === null || typeof data === "boolean" ? String(data) : (data as { number: string }).number);
}

function createPlain(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = "PLAIN";
  return scalar;
}

function createText(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = isSafePlain(text) ? "PLAIN" : isBlock(text) ? "BLOCK_LITERAL" : "QUOTE_DOUBLE";
  return scalar;
}

function isSafePlain(text: string): boolean {
  if (!/^[A-Za-z0-9_/.][\w ./+@-]*$/.test(text) && !/^fn::[A-Za-z:-]+$/.test(text)) return false;
  if (text.endsWith(" ") || text.startsWith("...")) return false;
  const result = resolveScalar(text, true, undefined);
  return "value" in result && result.value === text;
}

/** Lines of printable characters, e.g. a key in PEM form. */
function isBlock(text: string): boolean {
  return text.includes("\n") && /^[\n\x21-\x7e][\n\x20-\x7e]*$/.test(text) && !/ \n|\n\n$|^\n/.test(text);
}

/** A node written in YAML; nothing at all is the empty text. Throws invalid_input for what is no YAML. */
export function parseNode(yaml: string): Node {
  const document = parseDocument(yaml, parseOptions);
  if (document.errors.length > 0) {
    throw new AppError("invalid_input", "The value is no valid YAML.", {
      hint: "Quote it, or say that it is to be taken as plain text.",
    });
  }
  return document.contents ?? createText("");
}

/** Whether a node stands for nothing, so that a list or an object may take its place. */
export function isBlank(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === "" && node.type === "PLAIN");
}

/** The child of a collection, with the way to put another in its place. */
export interface Slot {
  node: unknown;
  set: (node: Node) => void;
  remove: () => void;
}

/** Finds or makes room for a child. Undefined when the node is no collection, or the index is out of reach. */
export function slotOf(node: unknown, accessor: string | number): Slot | undefined {
  if (isMap(node) && typeof accessor === "string") return mapSlot(node, accessor);
  if (!isSeq(node) || typeof accessor !== "number" || accessor > node.items.length) return undefined;
  return {
    node: node.items[accessor],
    set: (child) => void (node.items[accessor] = child),
    remove: () => void node.items.splice(accessor, 1),
  };
}

function mapSlot(map: YAMLMap, key: string): Slot {
  const index = map.items.findIndex((pair) => isScalar(pair.key) && pair.key.value === key);
  const pair = map.items[index];
  if (pair !== undefined) {
    return {
      node: pair.value,
      set: (child) => void (pair.value = child),
      remove: () => void map.items.splice(index, 1),
    };
  }
  return {
    node: undefined,
    set(child) {
      // An empty `{}` that gets its first key becomes a block, as people write it.
      if (map.items.length === 0) map.flow = false;
      map.add({ key: createText(key), value: child });
    },
    remove: () => undefined,
  };
}

/** An empty list or object, by what is to be looked up in it. */
export function createCollection(accessor: string | number): YAMLMap | YAMLSeq {
  return typeof accessor === "number" ? new YAMLSeq() : new YAMLMap();
}
