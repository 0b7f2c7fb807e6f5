import { join } from "node:path";
import type { Keyring } from "../backend/local/keyring.ts";
import type { EnvironmentId, SecretBackend } from "../backend/secret-backend.ts";
import { groupEnvironment, secretGroups } from "./group-environments.ts";
import { createLastGoodCopy } from "./last-good-copy.ts";
import { openSecretStore, type OpenSecretStoreOptions, secretsFolder } from "./secret-store.ts";
import { openStoredSettings, type StoredSettings } from "./stored-settings.ts";

/** The environment that one server gets its settings from. */
export interface OwnSecrets {
  backend: SecretBackend;
  id: EnvironmentId;
  keyring: Keyring;
  /** As it is now, or as it was when the store last answered. */
  open(): Promise<StoredSettings>;
  version(): Promise<string | undefined>;
}

/** Undefined when there is no store of secrets. `author` is the server's id. Throws AppError. */
export async function findOwnSecrets(options: OpenSecretStoreOptions): Promise<OwnSecrets | undefined> {
  const group = secretGroups.find(({ server }) => server === options.author);
  const store = group && (await openSecretStore(options));
  if (group === undefined || store === undefined) return undefined;
  const { config, backend, keyring } = store;
  const local = groupEnvironment(group, config.stage);
  const id = store.locate(local);
  const copy = createLastGoodCopy({
    path: join(secretsFolder(config.dataDir), "last-good", `${id.project}.${id.name}`),
    crypter: keyring.crypter(local),
    log: options.log,
  });
  return {
    backend,
    id,
    keyring,
    open: () =>
      openStoredSettings({ backend, id, copy, maximumAgeMs: config.secretsMaximumAgeMs, clock: options.clock }),
    version: () => backend.version(id),
  };
}
