import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";

export interface RawLine {
  /** Undefined when the bytes are not UTF-8. */
  text: string | undefined;
  /** Counts from 1. */
  number: number;
  /** Ends in a line break. */
  isFinished: boolean;
}

/** The lines of a file of any size, without their line breaks; an unfinished last line is included. */
export async function* readLines(path: string): AsyncGenerator<RawLine> {
  let number = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
      number += 1;
      yield { text: decode(bytes.subarray(start, end)), number, isFinished: true };
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield { text: decode(rest), number: number + 1, isFinished: false };
}

function decode(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}
