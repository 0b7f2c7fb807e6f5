import { Readable } from "node:stream";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { BodyTooLargeError, readBody, UnknownEncodingError } from "./body.ts";

const text = Buffer.from("sound data ".repeat(1_000));
const limits = { maxBytes: 100_000 };

function inPieces(bytes: Buffer, size = 100): Readable {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += size) pieces.push(bytes.subarray(start, start + size));
  return Readable.from(pieces);
}

test.each([
  ["identity", text],
  [undefined, text],
  ["gzip", gzipSync(text)],
  ["x-gzip", gzipSync(text)],
  ["GZIP", gzipSync(text)],
  ["br", brotliCompressSync(text)],
  ["deflate", deflateSync(text)],
  ["deflate", deflateRawSync(text)],
  ["zstd", zstdCompressSync(text)],
])("unpacks %s", async (encoding, bytes) => {
  expect(await readBody(inPieces(bytes, 7), encoding, limits)).toEqual(text);
});

test.each(["gzip, gzip", "compress", "aes128gcm", "gzip;q=1"])("refuses the encoding %s", async (encoding) => {
  await expect(readBody(inPieces(text), encoding, limits)).rejects.toThrow(UnknownEncodingError);
});

test.each([
  ["gzip", gzipSync(text)],
  ["br", brotliCompressSync(text)],
  ["deflate", deflateSync(text)],
  ["zstd", zstdCompressSync(text)],
])("a cut %s body is an error, never a shorter body", async (encoding, bytes) => {
  await expect(readBody(inPieces(bytes.subarray(0, bytes.length - 5)), encoding, limits)).rejects.toThrow();
});

test("an empty body is empty, whatever it claims to be", async () => {
  expect(await readBody(Readable.from([]), "gzip", limits)).toEqual(Buffer.alloc(0));
});

test("stops at the limit on the wire and after unpacking, and destroys the source", async () => {
  const source = inPieces(text);
  await expect(readBody(source, undefined, { maxBytes: 500 })).rejects.toThrow(BodyTooLargeError);
  expect(source.destroyed).toBe(true);
  await expect(readBody(inPieces(gzipSync(text)), "gzip", { maxBytes: 500 })).rejects.toThrow(BodyTooLargeError);
  const small = { maxBytes: 100_000, maxWireBytes: 10 };
  await expect(readBody(inPieces(gzipSync(text)), "gzip", small)).rejects.toThrow(BodyTooLargeError);
});

test("a source that fails is an error for the reader, packed or not", async () => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield gzipSync(text).subarray(0, 20);
    throw new Error("cut");
  }
  await expect(readBody(Readable.from(broken()), "gzip", limits)).rejects.toThrow("cut");
  await expect(readBody(Readable.from(broken()), undefined, limits)).rejects.toThrow("cut");
});
