import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureKeyFile } from "../config/key-file.ts";
import { hasErrorCode, toFileError } from "../config/start-errors.ts";
import { AppError } from "../errors/app-error.ts";

/** Signs what the audit trail vouches for. Ed25519. */
export interface AuditSigner {
  keyId: string;
  /** base64url. */
  sign(text: string): string;
}

/** Public keys of all signers there ever were: a lost private key does not make old lines unverifiable. */
export interface AuditVerifier {
  keyIds: readonly string[];
  verify(text: string, keyId: unknown, signature: unknown): boolean;
}

const publicKeyFolder = "keys";

/** The signing key of an audit folder, made on first use; its public half is kept in `keys/` for ever. */
export function openAuditSigner(directory: string): AuditSigner {
  const pem = ensureKeyFile(join(directory, "signing-key.pem"), () =>
    generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }),
  );
  const privateKey = parsePrivateKey(pem, join(directory, "signing-key.pem"));
  const publicKey = createPublicKey(privateKey);
  const keyId = fingerprint(publicKey);
  ensureKeyFile(join(directory, publicKeyFolder, `${keyId}.pem`), () => {
    return publicKey.export({ type: "spki", format: "pem" });
  });
  return { keyId, sign: (text) => sign(null, Buffer.from(text), privateKey).toString("base64url") };
}

function parsePrivateKey(pem: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (thrown) {
    throw new AppError("not_configured", `The key file ${path} holds no private key.`, {
      hint: "Put a copy of it back, or delete it: the next start makes a new one, and what was signed stays verifiable.",
      cause: thrown,
    });
  }
}

/** `damaged` lists key files whose content is not the key they are named after. */
export function readAuditVerifier(directory: string): AuditVerifier & { damaged: readonly string[] } {
  const keys = new Map<string, KeyObject>();
  const damaged: string[] = [];
  for (const file of listFiles(join(directory, publicKeyFolder))) {
    const keyId = file.replace(/\.pem$/, "");
    const key = readPublicKey(join(directory, publicKeyFolder, file));
    if (key && fingerprint(key) === keyId) keys.set(keyId, key);
    else damaged.push(file);
  }
  return {
    damaged,
    keyIds: [...keys.keys()],
    verify(text, keyId, signature) {
      const key = typeof keyId === "string" ? keys.get(keyId) : undefined;
      if (!key || typeof signature !== "string") return false;
      const bytes = Buffer.from(signature, "base64url");
      // Several texts decode to the same bytes; only one of them is what was written.
      return bytes.toString("base64url") === signature && verify(null, Buffer.from(text), key, bytes);
    },
  };
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory).filter((file) => file.endsWith(".pem"));
  } catch (thrown) {
    if (hasErrorCode(thrown, "ENOENT")) return [];
    // Without its keys every signature would seem forged.
    throw toFileError(thrown, directory);
  }
}

function readPublicKey(path: string): KeyObject | undefined {
  try {
    return createPublicKey(readFileSync(path));
  } catch {
    return undefined;
  }
}

function fingerprint(key: KeyObject): string {
  return hash("sha256", key.export({ type: "spki", format: "der" })).slice(0, 16);
}
