/**
 * The few pieces of the WebAssembly binary format that our kernel needs, so that it can be written in this repository's
 * language and needs no compiler. https://webassembly.github.io/spec/core/binary/
 */
export type Bytes = readonly number[];

/** Unsigned LEB128, below 2^32. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit integer. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

export function list(items: readonly Bytes[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

export function name(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [...unsigned(bytes.length), ...bytes];
}

export function section(id: number, content: Bytes): number[] {
  return [id, ...unsigned(content.length), ...content];
}

export const valueType = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
export const moduleHeader: Bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

export const code = {
  get: (local: number): Bytes => [0x20, ...unsigned(local)],
  set: (local: number): Bytes => [0x21, ...unsigned(local)],
  i32: (value: number): Bytes => [0x41, ...signed(value)],
  addI32: [0x6a] as Bytes,
  multiplyI32: [0x6c] as Bytes,
  /** Runs `body` again for as long as it leaves a number other than zero. */
  repeatWhile: (body: readonly Bytes[]): Bytes => [0x03, 0x40, ...body.flat(), 0x0d, 0x00, 0x0b],
  lessUnsigned: [0x49] as Bytes,
  end: [0x0b] as Bytes,
  /** Four floats from the address on the stack plus `offset` bytes. */
  loadVector: (offset: number): Bytes => [0xfd, 0x00, 0x04, ...unsigned(offset)],
  /** One float into all four lanes. */
  loadSpread: (offset: number): Bytes => [0xfd, 0x09, 0x02, ...unsigned(offset)],
  storeVector: (offset: number): Bytes => [0xfd, 0x0b, 0x04, ...unsigned(offset)],
  spreadFloat: [0xfd, 0x13] as Bytes,
  addVectors: [0xfd, 0xe4, 0x01] as Bytes,
  multiplyVectors: [0xfd, 0xe6, 0x01] as Bytes,
  /** `a · b + c` of the stack's [a, b, c]; one rounding where the processor can, else two. Not known before Node 22. */
  multiplyAddVectors: [0xfd, 0x85, 0x02] as Bytes,
  /** `b < a ? a : b` of the stack's [b, a], lane by lane. */
  largerVector: [0xfd, 0xeb, 0x01] as Bytes,
} as const;
