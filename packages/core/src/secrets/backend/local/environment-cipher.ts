import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from "node:crypto";
import { AppError } from "../../../errors/app-error.ts";
import type { Crypter } from "../../esc/surroundings.ts";

const formatVersion = 1;
const keyIdBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = 1 + keyIdBytes + nonceBytes;

/**
 * AES-256-GCM under the key of one environment: version, key id, nonce, ciphertext, tag. The environment's name is
 * authenticated along, so what was sealed for one environment opens in no other. Both throw AppError `denied`.
 */
export function createEnvironmentCipher(environment: string, key: Uint8Array): Crypter {
  // Made once: from bytes, a key object would be made for every value.
  const secretKey = createSecretKey(key);
  const keyId = Buffer.from(hkdfSync("sha256", key, "", "sophia secrets key id", keyIdBytes));
  const name = Buffer.from(environment);
  return {
    encrypt(plaintext) {
      const nonce = randomBytes(nonceBytes);
      const header = Buffer.concat([Buffer.from([formatVersion]), keyId, nonce]);
      const cipher = createCipheriv("aes-256-gcm", secretKey, nonce);
      cipher.setAAD(Buffer.concat([header, name]));
      return Promise.resolve(Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
    },
    decrypt(ciphertext) {
      try {
        return Promise.resolve(open(Buffer.from(ciphertext)));
      } catch (thrown) {
        return Promise.reject(thrown instanceof Error ? thrown : damaged(environment));
      }
    },
  };

  function open(sealed: Buffer): Buffer {
    if (sealed.length < headerBytes + tagBytes || sealed[0] !== formatVersion) throw damaged(environment);
    const header = sealed.subarray(0, headerBytes);
    if (!header.subarray(1, 1 + keyIdBytes).equals(keyId)) throw otherKey(environment);
    const decipher = createDecipheriv("aes-256-gcm", secretKey, header.subarray(1 + keyIdBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.concat([header, name]));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    const plaintext = decipher.update(sealed.subarray(headerBytes, -tagBytes));
    try {
      return Buffer.concat([plaintext, decipher.final()]);
    } catch (thrown) {
      throw damaged(environment, thrown);
    }
  }
}

function otherKey(environment: string): AppError {
  return new AppError("denied", `A secret of ${environment} was sealed with another key.`, {
    hint: "It was copied out of another environment, or the key was replaced: set the value again, or put the key back.",
  });
}

function damaged(environment: string, cause?: unknown): AppError {
  return new AppError("denied", `A secret of ${environment} does not open: its ciphertext was changed.`, {
    hint: "Roll the environment back to an earlier revision, or set the value again.",
    ...(cause !== undefined && { cause }),
  });
}
