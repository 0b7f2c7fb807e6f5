import { unwrap } from "@sophia/core/config/secret";
import type { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";

/**
 * A secret as GitHub takes it: a sealed box (X25519, XSalsa20-Poly1305) for the public key of the repository or
 * environment, base64. The library is loaded on first use. Throws AppError `upstream` for a key that is none.
 * https://docs.github.com/rest/guides/encrypting-secrets-for-the-rest-api
 */
export async function sealForGithub(value: Secret, publicKey: string): Promise<string> {
  const { default: sodium } = await import("libsodium-wrappers");
  await sodium.ready;
  const key = Buffer.from(publicKey, "base64");
  if (key.length !== sodium.crypto_box_PUBLICKEYBYTES) {
    throw new AppError("upstream", "GitHub gave a public key that is none.", { service: "github", hint: "Try again." });
  }
  const message = Buffer.from(unwrap(value), "utf8");
  return Buffer.from(sodium.crypto_box_seal(message, key)).toString("base64");
}
