import type { Crypter } from "../../esc/surroundings.ts";

/**
 * Seals a value that was sealed before with the ciphertext it had, so that a revision differs from the one before only
 * where something changed. Each old ciphertext is given out once for each text: two places that happen to hold the same
 * value do not show it.
 */
export interface ReusingCrypter extends Crypter {
  /** Begins the next text. */
  rewind(): void;
}

export function createReusingCrypter(crypter: Crypter): ReusingCrypter {
  const known = new Map<string, { ciphertexts: Uint8Array[]; used: number }>();

  function entryOf(plaintext: Uint8Array): { ciphertexts: Uint8Array[]; used: number } {
    const key = Buffer.from(plaintext).toString("latin1");
    const entry = known.get(key) ?? { ciphertexts: [], used: 0 };
    known.set(key, entry);
    return entry;
  }

  return {
    async encrypt(plaintext) {
      const entry = entryOf(plaintext);
      const ciphertext = entry.ciphertexts[entry.used] ?? (await crypter.encrypt(plaintext));
      entry.ciphertexts[entry.used] = ciphertext;
      entry.used += 1;
      return ciphertext;
    },
    async decrypt(ciphertext) {
      const plaintext = await crypter.decrypt(ciphertext);
      entryOf(plaintext).ciphertexts.push(ciphertext);
      return plaintext;
    },
    rewind() {
      for (const entry of known.values()) entry.used = 0;
    },
  };
}
