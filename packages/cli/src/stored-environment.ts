import type { Environment } from "@sophia/core/config/parse-config";
import { AppError, toAppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { composedEnvironment, groupEnvironment, secretGroups } from "@sophia/core/secrets/settings/group-environments";
import { createLogger } from "@sophia/core/observe/log";
import { createScrubber } from "@sophia/core/observe/scrub";
import { openSecretStore } from "@sophia/core/secrets/settings/secret-store";
import type { SecretStore } from "@sophia/core/secrets/settings/secret-store";
import { mergeSettings } from "@sophia/core/secrets/settings/server-settings";
import { openStoredSettings } from "@sophia/core/secrets/settings/stored-settings";
import type { StoredSettings } from "@sophia/core/secrets/settings/stored-settings";
import { openCloudSecrets } from "@sophia/vendors/pulumi-esc/open-cloud-secrets";

/** What is to be said of the settings that came from the store of secrets. */
export interface StoreReport {
  /** Their names. */
  stored: readonly string[];
  warnings: readonly string[];
}

interface StoredEnvironment extends StoreReport {
  /** The variables of this process over those that the store of secrets sets. */
  environment: Environment;
}

/** A command starts from the store or not at all. */
export const noCopy = { read: async () => undefined, write: () => {}, settled: async () => {} };

/** What a person's command knows: everything that its key opens. A store that does not open is told and left out. */
export async function readStoredEnvironment(environment: Environment): Promise<StoredEnvironment> {
  try {
    const store = await openSecretStore({
      environment,
      author: "cli",
      clock: systemClock,
      // How it is set up may stand in the store itself. What goes wrong here is told as a warning.
      log: createLogger({ scrubber: createScrubber(), level: "silent", server: "cli" }),
      openCloud: openCloudSecrets,
    });
    if (store === undefined) return { environment, stored: [], warnings: [] };
    const { opened, warnings } = await openAll(store);
    const values: StoredSettings["values"] = new Map(opened.flatMap((settings) => [...settings.values]));
    const stored = [...values.keys()].filter((name) => (environment[name] ?? "").trim() === "");
    return { environment: mergeSettings(values, environment), stored, warnings };
  } catch (thrown) {
    return { environment, stored: [], warnings: [describeFailure(thrown)] };
  }
}

/** The composed environment; with a server's credential, or where a part of it does not open, the groups that do. */
async function openAll(store: SecretStore): Promise<{ opened: StoredSettings[]; warnings: string[] }> {
  const { config, keyring } = store;
  const composed = composedEnvironment(config.stage);
  if (keyring.has(composed)) {
    const opened = await open(store, composed).catch(() => undefined);
    if (opened !== undefined) return { opened: [opened], warnings: [] };
  }
  const ids = secretGroups.map((group) => groupEnvironment(group, config.stage)).filter((id) => keyring.has(id));
  const results = await Promise.allSettled(ids.map((id) => open(store, id)));
  return {
    opened: results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])),
    warnings: results.flatMap((result) => (result.status === "rejected" ? [describeFailure(result.reason)] : [])),
  };
}

function describeFailure(thrown: unknown): string {
  const { message, hint = "" } = toAppError(thrown);
  return `Secrets were not opened: ${message} ${hint}`.trim();
}

async function open(store: SecretStore, id: EnvironmentId): Promise<StoredSettings> {
  const settings = { backend: store.backend, id: store.locate(id), copy: noCopy, maximumAgeMs: 0, clock: systemClock };
  return await openStoredSettings(settings).catch((thrown: unknown) => {
    const { kind, message, hint } = toAppError(thrown);
    throw new AppError(kind, `${formatEnvironmentId(settings.id)}: ${message}`, {
      ...(hint && { hint }),
      cause: thrown,
    });
  });
}
