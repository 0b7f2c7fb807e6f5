import type { Crypter } from "../surroundings.ts";

/** A crypter for tests: every byte plus 128. */
export const rot128: Crypter = { encrypt: rotate, decrypt: rotate };

async function rotate(bytes: Uint8Array): Promise<Uint8Array> {
  return bytes.map((byte) => (byte + 128) & 0xff);
}
