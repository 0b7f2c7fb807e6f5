import { createHmac, hkdfSync } from "node:crypto";
import { AppError } from "../../../errors/app-error.ts";
import type { Crypter } from "../../esc/surroundings.ts";
import { formatEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId } from "../secret-backend.ts";
import { createEnvironmentCipher } from "./environment-cipher.ts";

export const keyBytes = 32;

/** Keys of environments: all of them when made from the root key, those of one import closure in a credential. */
export interface Keyring {
  has(id: EnvironmentId): boolean;
  /** Seals and opens the secrets of one environment. Throws AppError `denied` for one whose key is not here. */
  crypter(id: EnvironmentId): Crypter;
  /** The key of one environment, 32 bytes, to hand on in a credential. Throws AppError `denied`. */
  exportKey(id: EnvironmentId): Uint8Array;
  /** HMAC-SHA-256 in hex, the same for equal values: tells whether two values differ and nothing about either. */
  fingerprint(value: string): string;
  /** The key behind {@link fingerprint}, 32 bytes. */
  exportFingerprintKey(): Uint8Array;
}

/** A keyring of every environment. @param root 32 random bytes. */
export function createKeyring(root: Uint8Array): Keyring {
  if (root.length !== keyBytes) throw new AppError("internal", "A root key has 32 bytes.");
  const fingerprintKey = derive(root, "sophia secrets fingerprint");
  return assemble((name) => derive(root, `sophia secrets environment\0${name}`), fingerprintKey);
}

/** A keyring of the environments in `keys` only, by `project/name`. */
export function createPartialKeyring(keys: ReadonlyMap<string, Uint8Array>, fingerprintKey: Uint8Array): Keyring {
  return assemble((name) => keys.get(name), fingerprintKey);
}

function assemble(findKey: (name: string) => Uint8Array | undefined, fingerprintKey: Uint8Array): Keyring {
  const crypters = new Map<string, Crypter>();

  function exportKey(id: EnvironmentId): Uint8Array {
    const key = findKey(formatEnvironmentId(id));
    if (key === undefined) throw notInKeyring(id);
    return key;
  }

  return {
    has: (id) => findKey(formatEnvironmentId(id)) !== undefined,
    crypter(id) {
      const name = formatEnvironmentId(id);
      const crypter = crypters.get(name) ?? createEnvironmentCipher(name, exportKey(id));
      crypters.set(name, crypter);
      return crypter;
    },
    exportKey,
    fingerprint: (value) => createHmac("sha256", fingerprintKey).update(value).digest("hex"),
    exportFingerprintKey: () => fingerprintKey,
  };
}

function derive(root: Uint8Array, label: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", root, "", label, keyBytes));
}

function notInKeyring(id: EnvironmentId): AppError {
  return new AppError("denied", `This credential does not open ${formatEnvironmentId(id)}.`, {
    hint: "It opens one group's environment and what that imports. Use the installation's own key, or another credential.",
  });
}
