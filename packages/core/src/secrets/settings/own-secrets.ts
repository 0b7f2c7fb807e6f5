import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../../errors/app-error.ts";
import type { EnvironmentId, SecretBackend } from "../backend/secret-backend.ts";
import { groupEnvironment, secretGroups } from "./group-environments.ts";
import { createLastGoodCopy } from "./last-good-copy.ts";
import {
  environmentsFolder,
  lastGoodFolder,
  openSecretStore,
  type OpenSecretStoreOptions,
  secretsFolder,
  type SecretStore,
} from "./secret-store.ts";
import { openStoredSettings, type StoredSettings } from "./stored-settings.ts";

/** The environment that one server gets its settings from. */
export interface OwnSecrets {
  /** All of them, as far as this server's key opens them. */
  store: SecretStore;
  id: EnvironmentId;
  /** As it is now, or as it was when the store last answered. */
  open(): Promise<StoredSettings>;
  version(): Promise<string | undefined>;
  /** Resolves when the copy of what was opened last is written. */
  settled(): Promise<void>;
}

/** Undefined when there is no store of secrets. `author` is the server's id. Throws AppError. */
export async function findOwnSecrets(options: OpenSecretStoreOptions): Promise<OwnSecrets | undefined> {
  const group = secretGroups.find(({ server }) => server === options.author);
  const store = group && (await openSecretStore(options));
  if (group === undefined || store === undefined) return undefined;
  const { config, keyring } = store;
  const backend = guardFolder(store);
  const local = groupEnvironment(group, config.stage);
  const id = store.locate(local);
  const copy = createLastGoodCopy({
    path: join(lastGoodFolder(config.dataDir), `${id.project}.${id.name}`),
    drafts: join(secretsFolder(config.dataDir), "drafts"),
    crypter: keyring.crypter(local),
    log: options.log,
  });
  return {
    store,
    id,
    open: () =>
      openStoredSettings({
        backend,
        id,
        copy,
        maximumAgeMs: config.secretsMaximumAgeMs,
        clock: options.clock,
        isRequired: store.backend.kind === "pulumi-cloud",
      }),
    version: () => backend.version(id),
    settled: () => copy.settled(),
  };
}

/** To a server, a folder that is gone is an outage: no environment in it was removed by anybody. */
function guardFolder({ config, backend }: SecretStore): Pick<SecretBackend, "open" | "version"> {
  if (backend.kind !== "local") return backend;
  const folder = environmentsFolder(config.dataDir);
  function requireFolder(): void {
    if (existsSync(folder)) return;
    throw new AppError("unavailable", `The environments are not in ${folder}.`, {
      hint: "Put the folder back, or mount it.",
    });
  }
  return {
    async open(id, options) {
      requireFolder();
      return await backend.open(id, options);
    },
    async version(id) {
      requireFolder();
      return await backend.version(id);
    },
  };
}
