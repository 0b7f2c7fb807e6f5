import { hkdfSync } from "node:crypto";
import { AppError } from "../../errors/app-error.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import { createEnvironmentCipher } from "../backend/local/environment-cipher.ts";
import type { Keyring } from "../backend/local/keyring.ts";
import { shortFingerprint } from "../backend/local/short-fingerprint.ts";
import type { EnvironmentId } from "../backend/secret-backend.ts";
import type { Crypter } from "../esc/surroundings.ts";

/** What keeps values out of the journal: they are sealed there, and people compare fingerprints. */
export interface RotationKeys {
  /** Text that only this environment's key opens. */
  seal(environment: EnvironmentId, plain: string): Promise<string>;
  /** Throws AppError `denied` when the text was sealed for another environment or changed. */
  unseal(environment: EnvironmentId, sealed: string): Promise<string>;
  /** 16 hex digits of an HMAC; equal for equal values, whoever of this installation computes it. */
  fingerprint(value: string): string;
}

/** Over the installation's keyring, or a consumer's own: then for the environments that it opens. */
export function createRotationKeys(keyring: Pick<Keyring, "exportKey" | "fingerprint">): RotationKeys {
  function createCipher(environment: EnvironmentId): Crypter {
    // Not the environment's key itself: what is sealed for the journal must not pass for a secret of the environment.
    const key = Buffer.from(hkdfSync("sha256", keyring.exportKey(environment), "", "sophia rotation seal", 32));
    return createEnvironmentCipher(formatEnvironmentId(environment), key);
  }

  return {
    async seal(environment, plain) {
      return Buffer.from(await createCipher(environment).encrypt(Buffer.from(plain))).toString("base64url");
    },
    async unseal(environment, sealed) {
      const cipher = createCipher(environment);
      try {
        return Buffer.from(await cipher.decrypt(Buffer.from(sealed, "base64url"))).toString("utf8");
      } catch (cause) {
        throw new AppError("denied", "A sealed value of a rotation does not open.", {
          hint: "It was sealed with another key, or changed. Put the key of the secrets back, or start the rotation anew.",
          cause,
        });
      }
    },
    fingerprint: (value) => shortFingerprint(keyring, value),
  };
}
