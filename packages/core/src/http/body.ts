import { pipeline, Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib";

/** The body is longer than allowed, on the wire or unpacked. */
export class BodyTooLargeError extends Error {
  constructor() {
    super("body over the limit");
    this.name = "BodyTooLargeError";
  }
}

/** An encoding we did not ask for, or several on top of each other (a bomb's favourite). */
export class UnknownEncodingError extends Error {
  constructor() {
    super("content encoding not supported");
    this.name = "UnknownEncodingError";
  }
}

export const acceptedEncodings = "gzip, deflate, br, zstd";

export interface BodyLimits {
  /** After unpacking. */
  maxBytes: number;
  /** On the wire; by default as many as after unpacking. */
  maxWireBytes?: number;
}

/**
 * The body unpacked, chunk by chunk, with back-pressure. Counting stops it before and after unpacking, so neither a
 * huge body nor a small one that unpacks to a huge one is ever held in memory.
 */
export async function* decodedChunks(
  body: Readable,
  encoding: string | undefined,
  limits: BodyLimits,
): AsyncGenerator<Buffer, void, undefined> {
  const name = (encoding ?? "identity").trim().toLowerCase();
  const onWire = limited(body, limits.maxWireBytes ?? limits.maxBytes);
  try {
    yield* name === "identity" || name === "" ? onWire : limited(unpacked(onWire, name), limits.maxBytes);
  } finally {
    body.destroy();
  }
}

export async function readBody(body: Readable, encoding: string | undefined, limits: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of decodedChunks(body, encoding, limits)) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

async function* limited(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new BodyTooLargeError();
    yield chunk;
  }
}

async function* unpacked(packed: AsyncGenerator<Buffer>, encoding: string): AsyncGenerator<Buffer, void, undefined> {
  const first = await packed.next();
  if (first.done) return;
  const decoder = decoderFor(encoding, first.value);
  const source = Readable.from(startingWith(first.value, packed), { objectMode: false });
  // A failure of either side destroys the decoder with it and so ends the loop below: nothing is left to handle here.
  pipeline(source, decoder, () => undefined);
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } finally {
    source.destroy();
    decoder.destroy();
  }
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield first;
  yield* rest;
}

function decoderFor(encoding: string, first: Buffer): Transform {
  if (encoding === "gzip" || encoding === "x-gzip") return createGunzip();
  if (encoding === "br") return createBrotliDecompress();
  if (encoding === "zstd") return createZstdDecompress();
  // Servers send both forms under this name; the zlib form's first byte names method 8 in its low half.
  if (encoding === "deflate") return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
  throw new UnknownEncodingError();
}
