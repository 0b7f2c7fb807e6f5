import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Environment } from "../../config/parse-config.ts";
import { type SecretsConfig, SecretsSettings, toSecretsConfig } from "../../config/secrets-config.ts";
import type { Clock } from "../../limits/clock.ts";
import type { Keyring } from "../backend/local/keyring.ts";
import type { EnvironmentId, SecretBackend } from "../backend/secret-backend.ts";
import { readCredentialFile } from "./credential-file.ts";

/** Pulumi Cloud, when the process environment names an environment there. */
export type OpenCloud = (
  environment: Environment,
  options: { clock: Clock; log: Logger },
) => Promise<Pick<SecretStore, "backend" | "locate"> | undefined>;

/** Where this installation keeps its environments. */
export interface SecretStore {
  config: SecretsConfig;
  backend: SecretBackend;
  /** Of this installation, also beside Pulumi Cloud: for fingerprints, backups and credentials. */
  keyring: Keyring;
  /** What an environment of Sophia's own is called there. */
  locate(id: EnvironmentId): EnvironmentId;
}

export interface OpenSecretStoreOptions {
  environment: Environment;
  /** Who writes, for the history of revisions. */
  author: string;
  clock: Clock;
  log: Logger;
  openCloud?: OpenCloud;
}

export function secretsFolder(dataDir: string): string {
  return join(dataDir, "secrets");
}

/** Copies of what the environments said last. */
export function lastGoodFolder(dataDir: string): string {
  return join(secretsFolder(dataDir), "last-good");
}

export function environmentsFolder(dataDir: string): string {
  return join(secretsFolder(dataDir), "environments");
}

/**
 * Undefined when there is none: nobody made one here, and no cloud is named. One that was here and whose folder is gone
 * is a store that is away. Throws AppError when it cannot be used.
 */
export async function openSecretStore(options: OpenSecretStoreOptions): Promise<SecretStore | undefined> {
  const { environment, clock, log, openCloud } = options;
  const config = readSecretsConfig(environment);
  if (config === undefined) return undefined;
  const cloud = await openCloud?.(environment, { clock, log });
  if (cloud === undefined && !hasLocalStore(config)) return undefined;
  const keyring = await loadKeyring(config, environment);
  if (cloud !== undefined) return { config, keyring, ...cloud };
  return { config, keyring, backend: await openLocalStore(config, keyring, options), locate: (id) => id };
}

function hasLocalStore({ dataDir, secretsCredentialFile }: SecretsConfig): boolean {
  return (
    secretsCredentialFile !== undefined ||
    existsSync(environmentsFolder(dataDir)) ||
    existsSync(lastGoodFolder(dataDir))
  );
}

/** Undefined when these very variables are wrong: the parser of all settings tells it, together with the rest. */
function readSecretsConfig(environment: Environment): SecretsConfig | undefined {
  const names = Object.keys(SecretsSettings.shape).filter((name) => (environment[name] ?? "").trim() !== "");
  const parsed = SecretsSettings.safeParse(Object.fromEntries(names.map((name) => [name, environment[name]?.trim()])));
  return parsed.success ? toSecretsConfig(parsed.data) : undefined;
}

/** The credential that this process was given, else the key of the installation, which opens everything. */
export async function loadKeyring(config: SecretsConfig, environment: Environment): Promise<Keyring> {
  if (config.secretsCredentialFile !== undefined) {
    const { parseCredential } = await import("../backend/local/credential.ts");
    return parseCredential(readCredentialFile(config.secretsCredentialFile));
  }
  const { findKeychain } = await import("../backend/local/keychain.ts");
  const { loadRootKeyring } = await import("../backend/local/root-keyring.ts");
  const keychain = findKeychain({ platform: process.platform, environment });
  return await loadRootKeyring({ folder: secretsFolder(config.dataDir), ...(keychain && { keychain }) });
}

/** The store in the data directory. Loaded where there is one: the evaluator and its parser slow every other start. */
export async function openLocalStore(
  config: SecretsConfig,
  keyring: Keyring,
  { author, clock, environment }: Pick<OpenSecretStoreOptions, "author" | "clock" | "environment">,
): Promise<SecretBackend> {
  const { createLocalBackend } = await import("../backend/local/local-backend.ts");
  const { createOpenProviders } = await import("../backend/providers/open-providers.ts");
  const findProvider = createOpenProviders({
    environment,
    allowedVariables: config.secretsAllowedVariables,
    allowedFolders: config.secretsAllowedFolders,
    // The root key and the tokens are there: one environment would read all others with them.
    refusedFiles: [
      config.dataDir,
      ...(config.secretsCredentialFile === undefined ? [] : [config.secretsCredentialFile]),
    ],
  });
  return createLocalBackend({
    folder: secretsFolder(config.dataDir),
    keyring,
    author,
    clock,
    providers: { findProvider },
  });
}
