import type { ReadStream, WriteStream } from "node:tty";
import { stripVTControlCharacters, styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Where a command writes: results to stdout, everything else to stderr, so that a pipe gets the results alone. */
export interface Terminal {
  /** A person sits at both ends: colours, live lines and questions are welcome. */
  interactive: boolean;
  columns: number;
  print(text: string): void;
  note(text: string): void;
  /** The text in colour where that is wanted (a terminal, and NO_COLOR is not set). */
  style(style: Style, text: string): string;
  /** Replaces the line at the bottom; "" removes it. Does nothing unless interactive. */
  live(line: string): void;
}

export interface Streams {
  stdin: Pick<ReadStream, "isTTY">;
  stdout: Pick<WriteStream, "isTTY" | "columns" | "write">;
  stderr: Pick<WriteStream, "isTTY" | "columns" | "write">;
}

const widthWithoutTerminal = 120;

export function createTerminal(streams: Streams, environment: Readonly<Record<string, string | undefined>>): Terminal {
  const isTerminal = streams.stdout.isTTY === true && streams.stderr.isTTY === true;
  const interactive = isTerminal && streams.stdin.isTTY === true && environment["TERM"] !== "dumb";
  const colour = interactive && (environment["NO_COLOR"] ?? "") === "";
  let shown = false;
  function clear(): void {
    if (shown) streams.stderr.write("\r\u001B[2K");
    shown = false;
  }
  return {
    interactive,
    columns: isTerminal ? readWidth(streams.stdout) : widthWithoutTerminal,
    print(text) {
      clear();
      streams.stdout.write(`${text}\n`);
    },
    note(text) {
      clear();
      streams.stderr.write(`${text}\n`);
    },
    style: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
    live(line) {
      if (!interactive) return;
      clear();
      if (line === "") return;
      // A line that wraps could not be removed again.
      streams.stderr.write(line.slice(0, readWidth(streams.stderr) - 1));
      shown = true;
    },
  };
}

/** A terminal that nobody looks at (`script`, some CI) says 0: it does not know its width. */
function readWidth({ columns }: Pick<WriteStream, "columns">): number {
  return columns > 0 ? Math.max(20, columns) : widthWithoutTerminal;
}

/** Text from outside on one harmless line: no control characters, no colours, no cursor movement. */
export function toPlainLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, " ")
    .trim();
}
