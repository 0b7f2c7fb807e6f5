import { emptyRange } from "../range.ts";
import type { EscRange } from "../range.ts";
import type { NodeSyntax } from "../syntax/syntax-node.ts";
import type { WireExpression } from "../wire-expression.ts";
import type { ExpressionNode } from "./nodes.ts";

export interface Exporter {
  environment: string;
  describe: (node: ExpressionNode) => WireExpression;
}

export function exportRange(syntax: NodeSyntax, environment: string): EscRange {
  return syntax.range ?? emptyRange(environment);
}
