import type { EscDiagnostic } from "../esc/evaluation.ts";
import { findSecretSpans } from "./secret-spans.ts";
import type { TextSpan } from "./secret-spans.ts";

const mask = "[secret]";
const maximumLineLength = 160;

/** The lines of a definition around a diagnostic, as compilers show them: with number, and marks below what is meant. */
export interface ExcerptFormatter {
  /** Undefined when it has no place in this text, or the place cannot be shown without showing a secret. */
  format(diagnostic: EscDiagnostic): string | undefined;
}

/** Excerpts of one environment's text. Secrets in it are masked. */
export function createExcerptFormatter(environment: string, source: string): ExcerptFormatter {
  const spans = findSecretSpans(source);
  const starts = lineStarts(source);

  function format({ range }: EscDiagnostic): string | undefined {
    if (range === undefined || spans === undefined) return undefined;
    if (range.environment !== environment && range.environment !== "<yaml>") return undefined;
    const start = starts[range.begin.line - 1];
    if (start === undefined) return undefined;
    const end = (starts[range.begin.line] ?? source.length + 1) - 1;
    const line = source.slice(start, end).replace(/\r$/, "");
    const shown = maskLine(line, start, spans);
    const from = shown.toColumn(range.begin.column - 1);
    const isOneLine = range.end.line === range.begin.line && range.end.column > range.begin.column;
    const to = isOneLine ? shown.toColumn(range.end.column - 1) : shown.text.length;
    const number = String(range.begin.line);
    const text = shown.text.length > maximumLineLength ? `${shown.text.slice(0, maximumLineLength)}…` : shown.text;
    const gutter = " ".repeat(number.length);
    const indent = shown.text.slice(0, from).replace(/[^\t]/g, " ");
    const marks = "^".repeat(Math.max(1, Math.min(to, maximumLineLength) - from));
    return `${number} | ${text}\n${gutter} | ${from < maximumLineLength ? indent + marks : ""}`.trimEnd();
  }

  return { format };
}

function lineStarts(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function maskLine(
  line: string,
  start: number,
  spans: readonly TextSpan[],
): { text: string; toColumn(column: number): number } {
  const cuts = spans
    .map((span) => ({ from: Math.max(0, span.start - start), to: Math.min(line.length, span.end - start) }))
    .filter(({ from, to }) => from < line.length && to > from)
    .toSorted((left, right) => left.from - right.from);
  let text = "";
  let copied = 0;
  for (const { from, to } of cuts) {
    text += line.slice(copied, from) + mask;
    copied = to;
  }
  const toColumn = (column: number): number => {
    let shifted = column;
    for (const { from, to } of cuts) {
      if (column >= to) shifted += mask.length - (to - from);
      else if (column > from) return shifted - (column - from);
    }
    return Math.min(shifted, line.length + cuts.length * mask.length);
  };
  return { text: text + line.slice(copied), toColumn };
}
