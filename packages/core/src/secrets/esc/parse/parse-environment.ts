import type { EscDiagnostic } from "../evaluation.ts";
import type { StringNode, SyntaxNode } from "../syntax/syntax-node.ts";
import { sortByEditDistance } from "../text/edit-distance.ts";
import { quote } from "../text/quote.ts";
import { errorAt, errorIn, warningAt } from "./diagnose.ts";
import type { Expression } from "./expression.ts";
import { parseExpression } from "./parse-expression.ts";

export interface ImportDeclaration {
  /** Missing where the entry could not be understood. */
  environment?: StringNode;
  merge: boolean;
}

/** A definition taken apart. */
export interface EnvironmentDeclaration {
  imports: ImportDeclaration[];
  values: { key: StringNode; value: Expression }[];
}

type Field = "description" | "imports" | "values";

const fields: readonly Field[] = ["description", "imports", "values"];

/** A tree → the parts of an environment. Mistakes are appended to `diagnostics`. */
export function parseEnvironment(node: SyntaxNode | undefined, diagnostics: EscDiagnostic[]): EnvironmentDeclaration {
  const declaration: EnvironmentDeclaration = { imports: [], values: [] };
  if (node?.kind !== "object") {
    diagnostics.push(errorIn(node?.syntax.range, "environment must be an object", node?.syntax.path ?? ""));
    return declaration;
  }
  const seen = new Set<string>();
  for (const { key, value } of node.entries) {
    if (seen.has(key.value)) diagnostics.push(warningAt(key.syntax, `duplicate key ${quote(key.value)}`));
    seen.add(key.value);
    switch (findField(key.value, fields)) {
      case "description":
        checkDescription(value, diagnostics);
        break;
      case "imports":
        declaration.imports = parseImports(value, diagnostics);
        break;
      case "values":
        declaration.values = parseValues(value, diagnostics);
        break;
      case undefined:
        diagnostics.push(warningAt(key.syntax, describeUnknownField(key.value)));
    }
  }
  return declaration;
}

function findField<Name extends string>(key: string, names: readonly Name[]): Name | undefined {
  return names.find((name) => name === key.toLowerCase());
}

function describeUnknownField(key: string): string {
  const known = sortByEditDistance(
    key,
    fields.map((name) => `'${name}'`),
  );
  return `Field '${key}' does not exist on Object 'environment'. Existing fields are: ${known.join(", ")}`;
}

function checkDescription(node: SyntaxNode, diagnostics: EscDiagnostic[]): void {
  const parsed = parseExpression(node, diagnostics);
  if (parsed.kind === "literal" && typeof parsed.value === "string") return;
  diagnostics.push(errorAt(parsed.syntax, "description must be a string"));
}

function parseImports(node: SyntaxNode, diagnostics: EscDiagnostic[]): ImportDeclaration[] {
  if (node.kind === "array") return node.elements.map((element) => parseImport(element, diagnostics));
  diagnostics.push(errorAt(node.syntax, "imports must be a list"));
  return [];
}

function parseImport(node: SyntaxNode, diagnostics: EscDiagnostic[]): ImportDeclaration {
  if (node.kind === "string") return { environment: node, merge: true };
  if (node.kind !== "object") {
    diagnostics.push(errorAt(node.syntax, "import must be a string or an object"));
    return { merge: true };
  }
  const [only] = node.entries;
  if (only === undefined || node.entries.length !== 1) {
    diagnostics.push(errorAt(node.syntax, "import must have a single key"));
    return { merge: true };
  }
  return { environment: only.key, merge: parseImportOptions(only.value, diagnostics) };
}

function parseImportOptions(node: SyntaxNode, diagnostics: EscDiagnostic[]): boolean {
  if (node.kind !== "object") {
    diagnostics.push(errorAt(node.syntax, "import must be an object"));
    return true;
  }
  let merge = true;
  const seen = new Set<string>();
  for (const { key, value } of node.entries) {
    if (seen.has(key.value)) diagnostics.push(warningAt(key.syntax, `duplicate key ${quote(key.value)}`));
    seen.add(key.value);
    if (findField(key.value, ["merge"]) === undefined) continue;
    const parsed = parseExpression(value, diagnostics);
    if (parsed.kind === "literal" && typeof parsed.value === "boolean") merge = parsed.value;
    else {
      diagnostics.push(errorAt(parsed.syntax, "merge must be a boolean value"));
      // A reference-only import that was not understood must not leak into the values.
      merge = false;
    }
  }
  return merge;
}

function parseValues(node: SyntaxNode, diagnostics: EscDiagnostic[]): EnvironmentDeclaration["values"] {
  if (node.kind !== "object") {
    diagnostics.push(errorAt(node.syntax, "values must be an object"));
    return [];
  }
  return node.entries.map(({ key, value }) => {
    if (key.value.startsWith("fn::")) {
      const summary = `builtin function call ${quote(key.value)} not allowed at the top level`;
      diagnostics.push(errorAt(key.syntax, summary));
    }
    return { key, value: parseExpression(value, diagnostics) };
  });
}
