/** Stands for a line that was longer than the cap. Its bytes are not kept. */
export const overlongLine = Symbol("overlong line");

export type Line = Buffer | typeof overlongLine;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const firstCapacity = 64 * 1024;

/**
 * Splits bytes at "\n" and nothing else: JSON strings may hold U+2028 and U+2029, at which `readline` splits too. A
 * line over `maxBytes` is told once, as soon as it is too long, and skipped to its end.
 */
export async function* readLines(input: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  const held = new HeldLine(maxBytes);
  for await (const data of input) {
    const chunk = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, from)) {
      if (held.append(chunk.subarray(from, end))) yield overlongLine;
      const line = held.take();
      if (line !== undefined) yield line;
      from = end + 1;
    }
    if (held.append(chunk.subarray(from))) yield overlongLine;
  }
  const last = held.take();
  if (last !== undefined && last.length > 0) yield last;
}

/** The beginning of a line whose end has not come. Grows by doubling: a line that drips in costs no more than its length. */
class HeldLine {
  readonly #maxBytes: number;
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  #isOverlong = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True when the line has just become too long. */
  append(part: Buffer): boolean {
    if (this.#isOverlong) return false;
    if (this.#length + part.length > this.#maxBytes) {
      this.#isOverlong = true;
      this.#bytes = Buffer.alloc(0);
      return true;
    }
    if (this.#length + part.length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(firstCapacity, this.#bytes.length * 2, this.#length + part.length));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    part.copy(this.#bytes, this.#length);
    this.#length += part.length;
    return false;
  }

  /** The whole line without its "\r"; `undefined` for one that was too long. */
  take(): Buffer | undefined {
    const isOverlong = this.#isOverlong;
    const end = this.#length > 0 && this.#bytes[this.#length - 1] === carriageReturn ? this.#length - 1 : this.#length;
    const line = Buffer.from(this.#bytes.subarray(0, end));
    if (this.#bytes.length > firstCapacity) this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    this.#isOverlong = false;
    return isOverlong ? undefined : line;
  }
}
