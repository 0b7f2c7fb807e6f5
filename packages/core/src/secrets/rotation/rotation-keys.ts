import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { AppError } from "../../errors/app-error.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import type { EnvironmentId } from "../backend/secret-backend.ts";

/** What keeps values out of the journal: they are sealed there, and people compare fingerprints. */
export interface RotationKeys {
  /** Text that only this environment's key opens. */
  seal(environment: EnvironmentId, plain: string): Promise<string>;
  /** Throws AppError `denied` when the text was sealed for another environment or changed. */
  unseal(environment: EnvironmentId, sealed: string): Promise<string>;
  /** 16 hex digits of an HMAC; equal for equal values of one environment, whoever computes it. */
  fingerprint(environment: EnvironmentId, value: string): string;
}

const nonceBytes = 12;
const tagBytes = 16;

/** Keys for rotation out of one root key of 32 bytes, a pair for each environment. */
export function createRotationKeys(root: Uint8Array): RotationKeys {
  const derive = (environment: EnvironmentId, label: string): Buffer =>
    Buffer.from(hkdfSync("sha256", root, formatEnvironmentId(environment), `sophia rotation ${label} v1`, 32));

  return {
    async seal(environment, plain) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", derive(environment, "seal"), nonce);
      cipher.setAAD(Buffer.from(formatEnvironmentId(environment)));
      const sealed = Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return sealed.toString("base64url");
    },
    async unseal(environment, sealed) {
      const bytes = Buffer.from(sealed, "base64url");
      try {
        const decipher = createDecipheriv("aes-256-gcm", derive(environment, "seal"), bytes.subarray(0, nonceBytes));
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
    fingerprint(environment, value) {
      return createHmac("sha256", derive(environment, "fingerprint")).update(value).digest("hex").slice(0, 16);
    },
  };
}
