import type { EscDiagnostic } from "../evaluation.ts";
import type { StringNode } from "../syntax/syntax-node.ts";
import { errorAt } from "./diagnose.ts";
import type { Expression, InterpolationPart } from "./expression.ts";
import { parseAccess } from "./parse-access.ts";

/** A string → a literal, a symbol (`${a.b}` alone) or an interpolation. `$$` stands for one dollar sign. */
export function parseText(node: StringNode, diagnostics: EscDiagnostic[]): Expression {
  const { value, syntax } = node;
  if (!value.includes("$")) return { kind: "literal", value, syntax };
  const parts = parseParts(node, diagnostics);
  const [only] = parts;
  if (only === undefined) return { kind: "literal", value, syntax };
  if (parts.length === 1) {
    if (only.access === undefined) return { kind: "literal", value: only.text, syntax };
    if (only.text === "") return { kind: "symbol", access: only.access, syntax };
  }
  return { kind: "interpolate", parts, syntax };
}

function parseParts({ value, syntax }: StringNode, diagnostics: EscDiagnostic[]): InterpolationPart[] {
  const parts: InterpolationPart[] = [];
  let text = "";
  let at = 0;
  while (at < value.length) {
    const dollar = value.indexOf("$", at);
    if (dollar === -1) {
      text += value.slice(at);
      break;
    }
    text += value.slice(at, dollar);
    const next = value[dollar + 1];
    if (next === "{") {
      const { access, end, diagnostics: found } = parseAccess(syntax, value, dollar + 2);
      diagnostics.push(...found);
      parts.push({ text, access });
      text = "";
      at = end;
    } else {
      text += "$";
      at = dollar + (next === "$" ? 2 : 1);
    }
  }
  if (text !== "") parts.push({ text });
  if (parts.some((part) => part.access?.length === 0)) {
    diagnostics.push(errorAt(syntax, "Property access expressions cannot be empty"));
  }
  return parts;
}
