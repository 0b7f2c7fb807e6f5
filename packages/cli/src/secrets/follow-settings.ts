import { parseConfig } from "@sophia/core/config/parse-config";
import { PlatformSettings } from "@sophia/core/config/platform-config";
import { systemClock } from "@sophia/core/limits/clock";
import { composedEnvironment } from "@sophia/core/secrets/settings/group-environments";
import type { SecretUses } from "@sophia/core/secrets/settings/secret-consumers";
import type { SecretStore } from "@sophia/core/secrets/settings/secret-store";
import {
  createServerReports,
  createSettingsFollower,
  mergeSettings,
  type ServerSettings,
} from "@sophia/core/secrets/settings/server-settings";
import { openStoredSettings, type StoredSettings } from "@sophia/core/secrets/settings/stored-settings";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Store } from "@sophia/core/store/store";
import { createServerSecrets } from "@sophia/vendors/environments/server-secrets";
import type { CommandContext } from "../commands/command-context.ts";
import { noCopy } from "../stored-environment.ts";

type Read = ServerSettings<typeof PlatformSettings>;

/**
 * `up` holds the store's URL as long as its servers do: it follows a rotation like one of them, and is waited for like
 * one of them. Undefined when none of its settings comes from the store of secrets.
 */
export async function readFollowedSettings({ config, environment }: CommandContext, store: SecretStore): Promise<Read> {
  const { platform, scrubber } = config;
  const id = store.locate(composedEnvironment(platform.stage));
  const open = (): Promise<StoredSettings> =>
    openStoredSettings({ backend: store.backend, id, copy: noCopy, maximumAgeMs: 0, clock: systemClock });
  const opened = await open();
  const { databaseUrl, redisUrl } = platform;
  return {
    settings: PlatformSettings.parse({}),
    config: platform,
    inUse: {
      ...(databaseUrl && { SOPHIA_DATABASE_URL: databaseUrl }),
      ...(redisUrl && { SOPHIA_REDIS_URL: redisUrl }),
    },
    source: {
      secrets: { store, id, open, version: () => store.backend.version(id), settled: async () => {} },
      opened,
    },
    accept(values) {
      const parsed = parseConfig([PlatformSettings], mergeSettings(values, environment), { scrubber });
      const { SOPHIA_DATABASE_URL, SOPHIA_REDIS_URL } = parsed;
      return { SOPHIA_DATABASE_URL, SOPHIA_REDIS_URL };
    },
    isOverridden: (variable) => (environment[variable] ?? "").trim() !== "",
  };
}

/** Until it is stopped. */
export function followSettings(
  { log }: Pick<CommandContext, "log">,
  { read, uses, store }: { read: Read; uses: SecretUses; store: Store<CoreTables> },
): { stop(): Promise<void> } {
  const follower = createSettingsFollower(read, { clock: systemClock, log });
  const { places } = createServerSecrets("supervisor", PlatformSettings);
  const reports = createServerReports({ read, uses }, { server: "supervisor", places, store, clock: systemClock, log });
  follower?.start(async () => await reports?.report());
  reports?.start();
  return {
    async stop() {
      await Promise.all([follower?.close(), reports?.stop()]);
    },
  };
}
