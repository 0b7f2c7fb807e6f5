import type { Logger } from "pino";
import type { z } from "zod";
import { type Environment, parseConfig } from "../../config/parse-config.ts";
import { type PlatformConfig, PlatformSettings, toPlatformConfig } from "../../config/platform-config.ts";
import { unwrap } from "../../config/secret.ts";
import type { Clock } from "../../limits/clock.ts";
import { systemClock } from "../../limits/clock.ts";
import { createLogger } from "../../observe/log.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import type { Store } from "../../store/store.ts";
import type { Scrubber } from "../../observe/scrub.ts";
import { findOwnSecrets, type OwnSecrets } from "./own-secrets.ts";
import type { OpenCloud } from "./secret-store.ts";
import type { SecretReports } from "../rotation/secret-reports.ts";
import { createSecretReports, type SecretUses, type ServerSecrets } from "./secret-consumers.ts";
import { SettingsRefresh } from "./settings-refresh.ts";
import type { StoredSettings } from "./stored-settings.ts";

/** What a server starts with: its own environment's variables under those of the process, which win. */
export interface ServerSettings<Config extends z.ZodObject> {
  settings: z.output<Config>;
  config: PlatformConfig;
  /** By variable, the platform's and the server's. */
  inUse: Readonly<Record<string, unknown>>;
  source?: { secrets: OwnSecrets; opened: StoredSettings };
  accept(values: StoredSettings["values"]): Record<string, unknown>;
  isOverridden(variable: string): boolean;
}

interface ReadOptions<Config extends z.ZodObject> {
  server: string;
  config: Config;
  environment: Environment;
  scrubber: Scrubber;
  openCloud?: OpenCloud;
}

/** Throws ConfigError with all mistakes, or the AppError of a store of secrets that does not open. */
export async function readServerSettings<Config extends z.ZodObject>(
  options: ReadOptions<Config>,
): Promise<ServerSettings<Config>> {
  const { server, environment, scrubber, openCloud } = options;
  // Its level is not known yet: it may come out of the store itself.
  const log = createLogger({ scrubber, level: "warn", server });
  const find = { environment, author: server, clock: systemClock, log, ...(openCloud && { openCloud }) };
  const secrets = await findOwnSecrets(find);
  const opened = await secrets?.open();
  const isOverridden = (variable: string): boolean => (environment[variable] ?? "").trim() !== "";

  function accept(values: StoredSettings["values"]): Record<string, unknown> {
    for (const [name, { value, isSecret }] of values) if (isSecret) scrubber.register(unwrap(value), name);
    const given = mergeSettings(values, environment);
    const parsed: unknown = parseConfig([PlatformSettings, options.config], given, { scrubber });
    return parsed as Record<string, unknown>;
  }

  const inUse = accept(opened?.values ?? new Map());
  return {
    // parseConfig merges the outputs of both schemas into one object.
    settings: inUse as z.output<Config>,
    config: toPlatformConfig(inUse as PlatformSettings),
    inUse,
    ...(secrets && opened && { source: { secrets, opened } }),
    accept,
    isOverridden,
  };
}

/** An empty variable counts as not set, so that compose's `NAME: ${NAME:-}` hides nothing. */
export function mergeSettings(values: StoredSettings["values"], environment: Environment): Environment {
  const stored = [...values].map(([name, { value }]): [string, string] => [name, unwrap(value)]);
  const given = Object.entries(environment).filter(([, value]) => (value ?? "").trim() !== "");
  return Object.fromEntries([...stored, ...given]);
}

/** Follows the store while the server runs; undefined when its settings come from the process environment alone. */
export function createSettingsFollower<Config extends z.ZodObject>(
  { source, accept, inUse, isOverridden, config }: ServerSettings<Config>,
  { clock, log }: { clock: Clock; log: Logger },
): SettingsRefresh | undefined {
  if (source === undefined) return undefined;
  const { secrets, opened } = source;
  if (opened.origin === "copy") {
    const since = new Date(opened.openedAt).toISOString();
    log.warn({ since }, "The secret store is away: started with the encrypted copy of what it said last.");
  }
  return new SettingsRefresh({
    opened,
    version: () => secrets.version(),
    reopen: () => secrets.open(),
    accept,
    inUse,
    isOverridden,
    intervalMs: config.secretsRefreshMs,
    clock,
    log,
  });
}

/** Undefined when no setting comes from the store. */
export function createServerReports<Config extends z.ZodObject>(
  { read, uses }: { read: ServerSettings<Config>; uses: SecretUses },
  platform: Pick<ServerSecrets, "places"> & { server: string; store: Store<CoreTables>; clock: Clock; log: Logger },
): SecretReports | undefined {
  const { source, inUse, isOverridden, config } = read;
  if (source === undefined) return undefined;
  const { server, places, store, clock, log } = platform;
  const reports = createSecretReports({
    server,
    places,
    store,
    clock,
    log,
    stage: config.stage,
    secrets: source.secrets.store,
    inUse,
    isStored: (variable) => source.opened.values.has(variable) && !isOverridden(variable),
    everyMs: config.secretsRefreshMs,
  });
  uses.tell(reports);
  return reports;
}
