import { crc32 } from "node:zlib";
import { decodeBase64 } from "./text/decode-base64.ts";

const magic = "escx";
const version = 1;

/** Ciphertext → base64 of `escx`, a version, the ciphertext and a checksum of all before. */
export function wrapCiphertext(ciphertext: Uint8Array): string {
  const head = Buffer.alloc(8);
  head.write(magic, "latin1");
  head.writeUInt32BE(version, 4);
  const body = Buffer.concat([head, ciphertext]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([body, checksum]).toString("base64");
}

/** The ciphertext in an envelope, or what is wrong with it. */
export function unwrapCiphertext(envelope: string): { ciphertext: Uint8Array } | { error: string } {
  const decoded = decodeBase64(envelope);
  if ("error" in decoded) return decoded;
  const bytes = Buffer.from(decoded.bytes);
  if (bytes.length < 16) return { error: "EOF" };
  if (bytes.toString("latin1", 0, 4) !== magic) return { error: "invalid header" };
  const body = bytes.subarray(0, -4);
  if (crc32(body) !== bytes.readUInt32BE(bytes.length - 4)) return { error: "invalid checksum" };
  if (bytes.readUInt32BE(4) !== version) return { error: "unsupported version" };
  return { ciphertext: body.subarray(8) };
}
