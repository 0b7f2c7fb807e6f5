import { Transform } from "node:stream";

const mask = Buffer.from("[secret]");
/** Shorter values would mask ordinary text, and every character of it in the case of none. */
const minimumLength = 3;
/** A line of a secret with several lines is masked by itself as well, because programs print them one at a time. */
const minimumLineLength = 12;

/** The values of secrets in bytes, for {@link createRedactor}. */
export interface SecretNeedles {
  /** By their first two bytes, the longest first. */
  byStart: ReadonlyMap<number, readonly Buffer[]>;
  isEmpty: boolean;
}

export function collectNeedles(secrets: readonly string[]): SecretNeedles {
  const spellings = secrets.flatMap((secret) => {
    const lines = secret
      .split(/\r?\n/)
      .filter((line) => line.length >= minimumLineLength && !/^-+[A-Z ]+-+$/.test(line));
    return [secret, JSON.stringify(secret).slice(1, -1), ...lines];
  });
  const needles = [...new Set(spellings)]
    .map((text) => Buffer.from(text))
    .filter(({ length }) => length >= minimumLength);
  const byStart = Map.groupBy(
    needles.toSorted((left, right) => right.length - left.length),
    (needle) => needle.readUInt16BE(0),
  );
  return { byStart, isEmpty: needles.length === 0 };
}

/**
 * A stream that masks every known secret, also one whose bytes arrive in several chunks: what may be the beginning of a
 * secret waits for what follows. Everything else goes on at once and byte for byte.
 */
export function createRedactor(needles: SecretNeedles): Transform {
  let held: Remainder = { bytes: Buffer.alloc(0), masked: 0 };
  function pass(chunk: Buffer, isEnd: boolean): Buffer {
    const bytes = held.bytes.length === 0 ? chunk : Buffer.concat([held.bytes, chunk]);
    const { output, rest } = maskBytes({ bytes, masked: held.masked }, needles, isEnd);
    held = { bytes: Buffer.from(rest.bytes), masked: rest.masked };
    return output;
  }
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, needles.isEmpty ? chunk : pass(chunk, false)),
    flush: (done) => done(null, pass(Buffer.alloc(0), true)),
  });
}

interface Remainder {
  bytes: Buffer;
  /** So many of the bytes belong to a secret whose mask has been written. */
  masked: number;
}

/** Overlapping secrets are masked as one, so that the end of the second does not stay behind. */
function maskBytes(
  { bytes, masked }: Remainder,
  { byStart }: SecretNeedles,
  isEnd: boolean,
): { output: Buffer; rest: Remainder } {
  const parts: Buffer[] = [];
  let plainFrom = masked;
  let index = 0;
  for (; index < bytes.length; index += 1) {
    const { length, isOpen } = findAt(bytes, index, byStart);
    if (isOpen && !isEnd) break;
    if (length === 0) continue;
    if (index >= plainFrom) parts.push(bytes.subarray(plainFrom, index), mask);
    plainFrom = Math.max(plainFrom, index + length);
  }
  if (plainFrom < index) parts.push(bytes.subarray(plainFrom, index));
  const rest = { bytes: bytes.subarray(index), masked: Math.max(0, plainFrom - index) };
  return { output: Buffer.concat(parts), rest };
}

/** The longest secret that begins here, and whether a longer one may, when more bytes come. */
function findAt(bytes: Buffer, index: number, byStart: SecretNeedles["byStart"]): { length: number; isOpen: boolean } {
  const left = bytes.length - index;
  if (left === 1) return { length: 0, isOpen: byStart.keys().some((start) => start >> 8 === bytes[index]) };
  let isOpen = false;
  for (const needle of byStart.get(bytes.readUInt16BE(index)) ?? []) {
    if (needle.length > left) isOpen ||= bytes.compare(needle, 0, left, index, bytes.length) === 0;
    else if (bytes.compare(needle, 0, needle.length, index, index + needle.length) === 0) {
      return { length: needle.length, isOpen };
    }
  }
  return { length: 0, isOpen };
}
