/** Puts `text` in the place of what stands from `start` to before `end`. */
export interface TextEdit {
  start: number;
  end: number;
  text: string;
}

/** Makes edits that do not overlap; of several at one place the first comes first. */
export function applyTextEdits(source: string, edits: readonly TextEdit[]): string {
  let result = "";
  let at = 0;
  for (const { start, end, text } of edits.toSorted((left, right) => left.start - right.start)) {
    result += source.slice(at, start) + text;
    at = Math.max(at, end);
  }
  return result + source.slice(at);
}

/** As the file has it. */
export function lineBreak(source: string): string {
  return source.includes("\r\n") ? "\r\n" : "\n";
}

/** Where the line of an offset begins. */
export function lineStart(source: string, offset: number): number {
  return source.lastIndexOf("\n", offset - 1) + 1;
}

/** Behind the line end of an offset. */
export function lineEnd(source: string, offset: number): number {
  const end = source.indexOf("\n", offset);
  return end < 0 ? source.length : end + 1;
}

/** Counted from 1. */
export function lineNumber(source: string, offset: number): number {
  return source.slice(0, offset).split("\n").length;
}
