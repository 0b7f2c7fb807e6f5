import type { EscDiagnostic } from "../evaluation.ts";
import { joinKey } from "../property-path.ts";
import type { EscPosition, EscRange } from "../range.ts";
import { displayWidth } from "./display-width.ts";
import { createPositionIndex } from "./position-index.ts";
import type { PositionIndex } from "./position-index.ts";
import { readYaml } from "./read-yaml.ts";
import { resolveScalar } from "./resolve-scalar.ts";
import type { NodeSyntax, ObjectEntry, StringNode, SyntaxNode } from "./syntax-node.ts";
import type { YamlNode } from "./yaml-node.ts";

// What YAML 1.1 does not allow in a text; in double quotes, its escapes do.
// oxlint-disable-next-line no-control-regex -- it is them that are looked for
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;

interface Decoder {
  environment: string;
  positions: PositionIndex;
  diagnostics: EscDiagnostic[];
}

/** A definition's text → its tree. `node` is undefined for a document that holds nothing. Never throws. */
export function decodeYaml(
  environment: string,
  source: string,
  maxDepth: number,
): { node: SyntaxNode | undefined; diagnostics: EscDiagnostic[] } {
  // An empty text is an empty environment; one of blanks and comments is not an object.
  if (source === "")
    return { node: { kind: "object", entries: [], syntax: { range: undefined, path: "" } }, diagnostics: [] };
  if (forbidden.test(source)) {
    return {
      node: undefined,
      diagnostics: [{ severity: "error", summary: "yaml: control characters are not allowed" }],
    };
  }
  const positions = createPositionIndex(source);
  const document = readYaml(source, positions, maxDepth);
  if (document.error !== undefined) {
    return { node: undefined, diagnostics: [{ severity: "error", summary: document.error }] };
  }
  if (document.tooDeepAt !== undefined) {
    const at = positions.position(document.tooDeepAt.line, document.tooDeepAt.column);
    const range = { environment, begin: at, end: at };
    const summary = `the definition is nested more than ${maxDepth} levels deep`;
    return { node: undefined, diagnostics: [{ severity: "error", summary, range }] };
  }
  const decoder: Decoder = { environment, positions, diagnostics: [] };
  const root = document.node;
  if (root === undefined || isNull(root)) return { node: undefined, diagnostics: [] };
  return { node: decode(decoder, root, ""), diagnostics: decoder.diagnostics };
}

function isNull(node: YamlNode): boolean {
  if (node.kind !== "scalar") return false;
  const result = resolveScalar(node.value, node.style === "plain", node.tag);
  return "value" in result && result.value === null;
}

function decode(decoder: Decoder, node: YamlNode, path: string): SyntaxNode {
  const syntax = describeSyntax(decoder, node, path);
  switch (node.kind) {
    case "sequence": {
      const elements = node.content.map((item, index) => decode(decoder, item, `${path}[${index}]`));
      return { kind: "array", elements, syntax };
    }
    case "mapping":
      return { kind: "object", entries: decodeEntries(decoder, node, path), syntax };
    case "alias":
      report(decoder, syntax, "alias nodes are not supported");
      return { kind: "null", syntax };
    case "scalar":
      return decodeScalar(decoder, node, syntax);
  }
}

function decodeEntries(decoder: Decoder, node: YamlNode, path: string): ObjectEntry[] {
  const entries: ObjectEntry[] = [];
  for (let index = 0; index + 1 < node.content.length; index += 2) {
    const keyNode = node.content[index] as YamlNode;
    const entryPath = joinKey(path, keyNode.value);
    const key = decode(decoder, keyNode, entryPath);
    if (key.kind !== "string") report(decoder, key.syntax, "mapping keys must be strings");
    const value = decode(decoder, node.content[index + 1] as YamlNode, entryPath);
    if (key.kind === "string") entries.push({ key, value });
  }
  return entries;
}

function decodeScalar(decoder: Decoder, node: YamlNode, syntax: NodeSyntax): SyntaxNode {
  const result = resolveScalar(node.value, node.style === "plain", node.tag);
  if ("error" in result) {
    report(decoder, syntax, result.error);
    return { kind: "null", syntax };
  }
  const { value } = result;
  if (value === null) return { kind: "null", syntax };
  if (typeof value === "boolean") return { kind: "boolean", value, syntax };
  if (typeof value === "string") return { kind: "string", value: node.value, syntax } satisfies StringNode;
  return { kind: "number", value, syntax };
}

function report(decoder: Decoder, syntax: NodeSyntax, summary: string): void {
  const { range, path } = syntax;
  decoder.diagnostics.push({ severity: "error", summary, path, ...(range === undefined ? {} : { range }) });
}

function describeSyntax({ environment, positions }: Decoder, node: YamlNode, path: string): NodeSyntax {
  const begin = positions.position(node.line, node.column);
  const end = endOf(positions, node);
  const range: EscRange = { environment, begin, end };
  const isOneLinePlain = node.kind === "scalar" && node.style === "plain" && node.tag === undefined;
  if (!isOneLinePlain || begin.line !== end.line) return { range, path };
  const stretch = (start: number, stop: number): EscRange => ({
    environment,
    begin: shift(begin, node.value.slice(0, start)),
    end: shift(begin, node.value.slice(0, stop)),
  });
  return { range, path, stretch };
}

function shift({ line, column, byte }: EscPosition, text: string): EscPosition {
  return { line, column: column + displayWidth(text), byte: byte + Buffer.byteLength(text) };
}

/** ESC's own idea of an end: quotes, folding and closing brackets do not count. */
function endOf(positions: PositionIndex, node: YamlNode): EscPosition {
  if (node.kind === "sequence" || node.kind === "mapping") {
    const last = node.content.at(-1);
    return last === undefined ? positions.position(node.line, node.column) : endOf(positions, last);
  }
  let { line, column } = node;
  let lastLine = node.value;
  if (node.style === "literal" && node.tag === undefined) {
    const lines = node.value.split("\n");
    line += lines.length - 1;
    lastLine = lines.at(-1) ?? "";
  } else if (node.style === "plain" && node.tag !== undefined) {
    column += node.tag.length + 1;
  }
  return positions.position(line, column + Buffer.byteLength(lastLine));
}
