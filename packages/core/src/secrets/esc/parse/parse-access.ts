import type { EscDiagnostic } from "../evaluation.ts";
import type { EscRange } from "../range.ts";
import type { NodeSyntax } from "../syntax/syntax-node.ts";
import { errorIn } from "./diagnose.ts";
import type { Accessor } from "./expression.ts";

interface Scanner {
  syntax: NodeSyntax;
  text: string;
  at: number;
  accessors: Accessor[];
  diagnostics: EscDiagnostic[];
}

export interface ParsedAccess {
  access: Accessor[];
  /** Offset of what follows the closing brace. */
  end: number;
  diagnostics: EscDiagnostic[];
}

/**
 * Reads the inside of `${…}` from an offset on: names with dots, `["keys"]` and `[0]` in any order. Goes on after a
 * mistake with what can be made of the rest.
 */
export function parseAccess(syntax: NodeSyntax, text: string, start: number): ParsedAccess {
  const scanner: Scanner = { syntax, text, at: start, accessors: [], diagnostics: [] };
  const closedAt = scanAccessors(scanner);
  if (scanner.accessors.length === 0) {
    scanner.accessors.push({ accessor: "", isSubscript: false, range: rangeFrom(scanner, closedAt) });
  }
  return { access: scanner.accessors, end: scanner.at, diagnostics: scanner.diagnostics };
}

/** Returns the offset at which the access ends: its closing brace, or where that should have been. */
function scanAccessors(scanner: Scanner): number {
  for (;;) {
    const character = scanner.text[scanner.at];
    const start = scanner.at;
    if (character === undefined || isSpace(character)) {
      report(scanner, start, "missing closing brace '}' in interpolation");
      return start;
    }
    if (character === "}") {
      scanner.at += 1;
      return start;
    }
    if (character === "[") {
      scanner.at += 1;
      scanner.accessors.push(scanSubscript(scanner, start));
    } else {
      if (character === ".") scanner.at += 1;
      scanner.accessors.push(scanName(scanner, start));
    }
  }
}

function isSpace(character: string): boolean {
  return /[\t\n\v\f\r \u0085\u00a0]/.test(character);
}

function endsName(character: string): boolean {
  return character === "." || character === "[" || character === "}" || isSpace(character);
}

function rangeFrom({ syntax, at }: Scanner, start: number): EscRange | undefined {
  return syntax.stretch?.(start, at);
}

function report(scanner: Scanner, start: number, summary: string): void {
  const { syntax } = scanner;
  scanner.diagnostics.push(errorIn(rangeFrom(scanner, start) ?? syntax.range, summary, syntax.path));
}

function takeWhile(scanner: Scanner, isPart: (character: string) => boolean): string {
  const start = scanner.at;
  let character = scanner.text[scanner.at];
  while (character !== undefined && isPart(character)) {
    scanner.at += 1;
    character = scanner.text[scanner.at];
  }
  return scanner.text.slice(start, scanner.at);
}

function scanName(scanner: Scanner, start: number): Accessor {
  const accessor = takeWhile(scanner, (character) => !endsName(character));
  if (accessor === "") report(scanner, start, "property name must not be empty");
  return { accessor, isSubscript: false, range: rangeFrom(scanner, start) };
}

function scanSubscript(scanner: Scanner, start: number): Accessor {
  const first = scanner.text[scanner.at];
  let accessor: string | number = "";
  if (first !== undefined) {
    accessor = first === '"' ? scanKey(scanner, start) : scanIndex(scanner, start);
  }
  if (scanner.text[scanner.at] === "]") scanner.at += 1;
  else report(scanner, start, "subscript is missing closing bracket ']'");
  return { accessor, isSubscript: true, range: rangeFrom(scanner, start) };
}

function scanKey(scanner: Scanner, start: number): string {
  let key = "";
  scanner.at += 1;
  for (;;) {
    const character = scanner.text[scanner.at];
    if (character === undefined) {
      report(scanner, start + 1, "key subscript is missing closing quote '\"'");
      return key;
    }
    scanner.at += 1;
    if (character === '"') {
      if (key === "") report(scanner, start + 1, "key subscript must not be empty");
      return key;
    }
    if (character === "\\" && scanner.text[scanner.at] === '"') {
      scanner.at += 1;
      key += '"';
    } else key += character;
  }
}

function scanIndex(scanner: Scanner, start: number): string | number {
  const text = takeWhile(scanner, (character) => character !== "]" && !endsName(character));
  const index = /^[-+]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(index) || Math.abs(index) > 2 ** 63) {
    report(scanner, start + 1, "numeric subscript must be a positive base-10 integer");
    return text;
  }
  if (scanner.accessors.length === 0) {
    report(scanner, start, "the first accessor must be a property name or key subscript, not a numeric subscript");
  }
  // Without the minus sign of -0, which upstream's integers do not have.
  return index + 0;
}
