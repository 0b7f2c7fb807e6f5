import { join } from "node:path";
import { parseConfig, secretString } from "@sophia/core/config/parse-config";
import type { Environment } from "@sophia/core/config/parse-config";
import { PlatformSettings, toPlatformConfig } from "@sophia/core/config/platform-config";
import type { PlatformConfig } from "@sophia/core/config/platform-config";
import type { Secret } from "@sophia/core/config/secret";
import type { AnyService } from "@sophia/core/config/service";
import { listSetting } from "@sophia/core/config/setting-schemas";
import type { Scrubber } from "@sophia/core/observe/scrub";
import { createScrubber } from "@sophia/core/observe/scrub";
import { z } from "zod";

/** Variables that only the command line reads. They are never handed to a server. */
export const CliSettings = z.object({
  SOPHIA_SERVERS: listSetting().describe("Servers that `up` starts, separated by commas; all when empty."),
  SOPHIA_APPROVER_TOKEN: secretString().optional().describe("Approver's token for `approve` and `refuse`."),
});

export interface CliConfig {
  platform: PlatformConfig;
  servers: readonly string[];
  approverToken: Secret | undefined;
  /** The services' variables, parsed; keys as in the environment. */
  services: Readonly<Record<string, unknown>>;
  scrubber: Scrubber;
  auditDirectory: string;
}

/** Reads the whole configuration once. Throws ConfigError with every mistake in it. */
export function loadConfig(environment: Environment, services: readonly AnyService[]): CliConfig {
  const scrubber = createScrubber();
  const schemas: z.ZodObject[] = [
    PlatformSettings,
    CliSettings,
    ...services.map((service) => service.config as z.ZodObject),
  ];
  const parsed: Record<string, unknown> = parseConfig(schemas, environment, { scrubber });
  const platform = toPlatformConfig(parsed as PlatformSettings);
  const own = parsed as z.output<typeof CliSettings>;
  return {
    platform,
    servers: own.SOPHIA_SERVERS,
    approverToken: own.SOPHIA_APPROVER_TOKEN,
    services: parsed,
    scrubber,
    auditDirectory: join(platform.dataDir, "audit"),
  };
}

const systemVariables = new Set(["PATH", "HOME", "TZ", "LANG", "TMPDIR", "NODE_COMPILE_CACHE", "NODE_EXTRA_CA_CERTS"]);
const cliVariables = new Set(Object.keys(CliSettings.shape));

/** What a server inherits: Sophia's and the services' variables, tracing, and what a program needs to run at all. */
export function buildServerEnvironment(
  environment: Environment,
  services: readonly AnyService[],
): Record<string, string> {
  const serviceVariables = new Set(services.flatMap((service) => Object.keys((service.config as z.ZodObject).shape)));
  const inherited = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      !cliVariables.has(entry[0]) &&
      (systemVariables.has(entry[0]) || serviceVariables.has(entry[0]) || /^(?:SOPHIA|OTEL)_/.test(entry[0])),
  );
  return Object.fromEntries(inherited);
}
