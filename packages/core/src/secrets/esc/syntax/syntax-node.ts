import type { EscRange } from "../range.ts";
import type { EscNumber } from "../value.ts";

/** Where a node stands. A node that the evaluator made up has no range and the path "". */
export interface NodeSyntax {
  range: EscRange | undefined;
  path: string;
  /** The range of a stretch of a plain one-line scalar, by offsets into its value; undefined for any other node. */
  stretch?: (start: number, end: number) => EscRange;
}

export interface StringNode {
  kind: "string";
  value: string;
  syntax: NodeSyntax;
}

export interface ObjectEntry {
  key: StringNode;
  value: SyntaxNode;
}

/** A definition as a tree of plain data with positions: YAML with its spelling taken away. */
export type SyntaxNode =
  | { kind: "null"; syntax: NodeSyntax }
  | { kind: "boolean"; value: boolean; syntax: NodeSyntax }
  | { kind: "number"; value: EscNumber; syntax: NodeSyntax }
  | StringNode
  | { kind: "array"; elements: SyntaxNode[]; syntax: NodeSyntax }
  | { kind: "object"; entries: ObjectEntry[]; syntax: NodeSyntax };

export const noSyntax: NodeSyntax = { range: undefined, path: "" };
