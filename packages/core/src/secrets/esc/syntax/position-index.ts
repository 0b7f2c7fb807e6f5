import type { EscPosition } from "../range.ts";
import { graphemes } from "./display-width.ts";

interface Line {
  /** UTF-8 bytes before the line. */
  byte: number;
  text: string;
  isAscii: boolean;
}

/** Offsets of a text ↔ lines, columns and bytes. */
export interface PositionIndex {
  /** Line and column, both from 1, of an offset in UTF-16 units. Columns count code points. */
  locate(offset: number): { line: number; column: number };
  /** A position with its byte. */
  position(line: number, column: number): EscPosition;
}

export function createPositionIndex(source: string): PositionIndex {
  const breaks = findLineStarts(source);
  const lines = splitLines(source);
  return {
    locate: (offset) => locate(source, breaks, offset),
    position(line, column) {
      const found = lines[line - 1];
      // ESC itself has no byte for what stands on a last line without a line feed.
      if (found === undefined || line >= lines.length) return { line, column, byte: 0 };
      if (found.isAscii) return { line, column, byte: found.byte + column - 1 };
      let byte = found.byte;
      let cell = 1;
      for (const { cluster, width } of graphemes(found.text)) {
        if (cell >= column) break;
        byte += Buffer.byteLength(cluster);
        cell += width;
      }
      return { line, column, byte };
    },
  };
}

/** Offsets at which lines start for a YAML 1.1 scanner: it also breaks at CR, NEL, LS and PS. */
function findLineStarts(source: string): number[] {
  const starts = [source.startsWith("\u{FEFF}") ? 1 : 0];
  for (const found of source.matchAll(/\r\n|[\n\r\u0085\u2028\u2029]/g)) starts.push(found.index + found[0].length);
  return starts;
}

function splitLines(source: string): Line[] {
  let byte = 0;
  return source.split("\n").map((text) => {
    const length = Buffer.byteLength(text);
    const line = { byte, text, isAscii: length === text.length };
    byte += length + 1;
    return line;
  });
}

function locate(source: string, starts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  const start = starts[low] ?? 0;
  let column = 1;
  for (let at = start; at < offset; at += 1) {
    // The second half of a surrogate pair is no character of its own.
    if ((source.charCodeAt(at) & 0xfc00) !== 0xdc00) column += 1;
  }
  return { line: low + 1, column };
}
