import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { AppError } from "../../errors/app-error.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import type { Keyring } from "../backend/local/keyring.ts";
import type { EnvironmentId } from "../backend/secret-backend.ts";

/** What keeps values out of the journal: they are sealed there, and people compare fingerprints. */
export interface RotationKeys {
  /** Text that only this environment's key opens. */
  seal(environment: EnvironmentId, plain: string): Promise<string>;
  /** Throws AppError `denied` when the text was sealed for another environment or changed. */
  unseal(environment: EnvironmentId, sealed: string): Promise<string>;
  /** 16 hex digits of an HMAC; equal for equal values, whoever of this installation computes it. */
  fingerprint(environment: EnvironmentId, value: string): string;
}

const nonceBytes = 12;
const tagBytes = 16;

/** Over the installation's keyring, or a consumer's own: then for the environments that it opens. */
export function createRotationKeys(keyring: Pick<Keyring, "exportKey" | "fingerprint">): RotationKeys {
  // Not the environment's key itself: what is sealed for the journal must not pass for a secret of the environment.
  const derive = (environment: EnvironmentId): Buffer =>
    Buffer.from(hkdfSync("sha256", keyring.exportKey(environment), "", "sophia rotation seal", 32));

  return {
    async seal(environment, plain) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", derive(environment), nonce);
      cipher.setAAD(Buffer.from(formatEnvironmentId(environment)));
      const sealed = Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return sealed.toString("base64url");
    },
    async unseal(environment, sealed) {
      const key = derive(environment);
      const bytes = Buffer.from(sealed, "base64url");
      try {
        const options = { authTagLength: tagBytes };
        const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), options);
        decipher.setAAD(Buffer.from(formatEnvironmentId(environment)));
        decipher.setAuthTag(bytes.subarray(-tagBytes));
        return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8");
      } catch (cause) {
        throw new AppError("denied", "A sealed value of a rotation does not open.", {
          hint: "It was sealed with another key, or changed. Put the key of the secrets back, or start the rotation anew.",
          cause,
        });
      }
    },
    fingerprint: (_environment, value) => keyring.fingerprint(value).slice(0, 16),
  };
}
