import { compareText } from "../text/compare-text.ts";
import { quote } from "../text/quote.ts";
import { isEscNumber } from "../value.ts";
import type { ValueNode } from "./nodes.ts";
import { spendText } from "./scope.ts";
import type { Run } from "./scope.ts";

export interface ValueText {
  text: string;
  unknown: boolean;
  secret: boolean;
}

/** What a value is as part of a text: `"a","b"` for lists, `"k"="v"` for objects. Throws EvaluationLimitError. */
export function valueToText(run: Run, value: ValueNode): ValueText {
  const isSecret = value.secret || value.tainted;
  if (value.unknown) return { text: "[unknown]", unknown: true, secret: isSecret };
  const { repr } = value;
  if (!Array.isArray(repr) && !(repr instanceof Map)) {
    return { text: scalarText(repr), unknown: false, secret: isSecret };
  }
  const parts = Array.isArray(repr) ? listParts(run, repr) : mapParts(run, repr);
  const text = parts.map((part) => part.text).join(",");
  // Quotes within quotes double their backslashes at every level.
  spendText(run, text.length, value.def.form.syntax);
  return {
    text,
    unknown: parts.some(({ unknown }) => unknown),
    secret: isSecret || parts.some(({ secret }) => secret),
  };
}

function listParts(run: Run, elements: readonly ValueNode[]): ValueText[] {
  return elements.map((element) => {
    const part = valueToText(run, element);
    return { ...part, text: quote(part.text) };
  });
}

function mapParts(run: Run, properties: ReadonlyMap<string, ValueNode>): ValueText[] {
  return [...properties.keys()].sort(compareText).map((key) => {
    const part = valueToText(run, properties.get(key) as ValueNode);
    return { ...part, text: `${quote(key)}=${quote(part.text)}` };
  });
}

/** A scalar as text; null as nothing. */
function scalarText(repr: ValueNode["repr"]): string {
  if (repr === null) return "";
  if (typeof repr === "string") return repr;
  if (typeof repr === "boolean") return String(repr);
  return isEscNumber(repr) ? repr.number : "";
}
