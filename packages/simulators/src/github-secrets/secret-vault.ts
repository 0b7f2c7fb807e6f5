import sodium from "libsodium-wrappers";

export interface StoredSecret {
  value: string;
  createdAt: string;
  updatedAt: string;
}

/** The secrets of a repository, an organisation or an environment, with the key that they have to be sealed for. */
export interface SecretVault {
  publicKey: { key_id: string; key: string };
  secrets: Map<string, StoredSecret>;
  /** Opens a sealed box. False for one that is sealed for another key. */
  put(name: string, encrypted: string, keyId: string): "created" | "updated" | "refused";
  /** As a person would on the page. */
  set(name: string, value: string): void;
}

let counter = 0;

export async function createSecretVault(now: () => Date): Promise<SecretVault> {
  await sodium.ready;
  const pair = sodium.crypto_box_keypair();
  const secrets = new Map<string, StoredSecret>();
  const keyId = String(1_000 + counter++);
  const store = (name: string, value: string): "created" | "updated" => {
    const known = secrets.get(name.toUpperCase());
    const updatedAt = now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
    secrets.set(name.toUpperCase(), { value, createdAt: known?.createdAt ?? updatedAt, updatedAt });
    return known === undefined ? "created" : "updated";
  };
  return {
    publicKey: { key_id: keyId, key: Buffer.from(pair.publicKey).toString("base64") },
    secrets,
    put(name, encrypted, givenKeyId) {
      if (givenKeyId !== keyId) return "refused";
      try {
        const opened = sodium.crypto_box_seal_open(Buffer.from(encrypted, "base64"), pair.publicKey, pair.privateKey);
        return store(name, Buffer.from(opened).toString("utf8"));
      } catch {
        return "refused";
      }
    },
    set: (name, value) => void store(name, value),
  };
}
