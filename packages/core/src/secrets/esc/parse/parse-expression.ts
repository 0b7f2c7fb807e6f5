import type { EscDiagnostic } from "../evaluation.ts";
import type { ObjectEntry, SyntaxNode } from "../syntax/syntax-node.ts";
import { quote } from "../text/quote.ts";
import { errorAt, errorIn } from "./diagnose.ts";
import type { Expression, ObjectExpression, ObjectProperty } from "./expression.ts";
import { builtinOf, parseCall } from "./parse-call.ts";
import { parseText } from "./parse-text.ts";

type ObjectNode = SyntaxNode & { kind: "object" };

/** A tree → an expression. Mistakes are appended to `diagnostics`; what can be understood in spite of them is kept. */
export function parseExpression(node: SyntaxNode, diagnostics: EscDiagnostic[]): Expression {
  const { syntax } = node;
  switch (node.kind) {
    case "null":
      return { kind: "literal", value: null, syntax };
    case "boolean":
    case "number":
      return { kind: "literal", value: node.value, syntax };
    case "string":
      return parseText(node, diagnostics);
    case "array":
      return { kind: "array", elements: node.elements.map((element) => parseExpression(element, diagnostics)), syntax };
    case "object":
      return parseObject(node, diagnostics);
  }
}

function parseObject(node: ObjectNode, diagnostics: EscDiagnostic[]): Expression {
  const [only] = node.entries;
  if (node.entries.length === 1 && only !== undefined) {
    const builtin = builtinOf(only.key.value);
    if (builtin !== undefined) {
      const argument = parseExpression(only.value, diagnostics);
      return parseCall({ builtin, key: only.key, argument, syntax: node.syntax }, diagnostics);
    }
    if (only.key.value.toLowerCase().startsWith("fn::")) {
      diagnostics.push(errorIn(only.key.syntax.range, "'fn::' is a reserved prefix", node.syntax.path));
    }
  } else {
    for (const { key } of node.entries) {
      if (!key.value.startsWith("fn::")) continue;
      const rule = "must be the only key within its containing object";
      diagnostics.push(errorAt(node.syntax, `illegal call to builtin function: ${quote(key.value)} ${rule}`));
    }
  }
  return parsePlainObject(node, diagnostics);
}

function parsePlainObject(node: ObjectNode, diagnostics: EscDiagnostic[]): ObjectExpression {
  const properties = node.entries.map((entry) => parseProperty(entry, diagnostics));
  return { kind: "object", properties, syntax: node.syntax };
}

function parseProperty({ key, value }: ObjectEntry, diagnostics: EscDiagnostic[]): ObjectProperty {
  const parsed = parseText(key, diagnostics);
  const isPlain = parsed.kind === "literal" && typeof parsed.value === "string";
  if (!isPlain) diagnostics.push(errorAt(key.syntax, "object keys must be strings"));
  const expression = parseExpression(value, diagnostics);
  if (!isPlain) return { value: expression };
  return { key: { value: parsed.value as string, syntax: key.syntax }, value: expression };
}
