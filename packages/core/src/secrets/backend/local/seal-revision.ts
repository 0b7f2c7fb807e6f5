import { AppError } from "../../../errors/app-error.ts";
import { openSecrets } from "../../esc/open-secrets.ts";
import { sealSecrets } from "../../esc/seal-secrets.ts";
import type { Crypter } from "../../esc/surroundings.ts";
import type { EnvironmentId } from "../secret-backend.ts";
import { lazyCrypter } from "./local-evaluation.ts";
import type { LocalStore } from "./local-store.ts";
import { createReusingCrypter } from "./reusing-crypter.ts";

/**
 * A definition with its secrets sealed; one that the newest revision holds too keeps its ciphertext. Throws AppError
 * `denied` when a secret is to be sealed without the key, or for ciphertext of another environment.
 */
export async function sealRevision(store: LocalStore, id: EnvironmentId, yaml: string): Promise<string> {
  const { keyring } = store;
  const crypter = createReusingCrypter(lazyCrypter(() => keyring.crypter(id)));
  if (keyring.has(id)) {
    await learnCiphertexts(store, id, crypter);
    // What came as ciphertext must be this environment's own: nobody could open it later.
    await openSecrets(yaml, keyring.crypter(id));
  }
  return await sealSecrets(yaml, crypter);
}

/** A damaged revision must not keep anybody from writing the next. */
async function learnCiphertexts({ files }: LocalStore, id: EnvironmentId, crypter: Crypter): Promise<void> {
  const { revision } = await files.head(id);
  try {
    await openSecrets((await files.read(id, revision)).yaml, crypter);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
  }
}
