import type { Keyring } from "@sophia/core/secrets/backend/local/keyring";
import type { EnvironmentId, SecretBackend } from "@sophia/core/secrets/backend/secret-backend";

/** Where migrations and imports write; what `openBackend` of the secrets commands gives. */
export interface MigrationStore {
  backend: SecretBackend;
  /** Of this installation: seals the journal's backups. */
  keyring: Keyring;
  /** What an environment of Sophia's own is called in this store. */
  locate(id: EnvironmentId): EnvironmentId;
}
