import { join } from "node:path";
import type { AiConfig } from "@sophia/ai/config";
import { formatCommand, setCommandPrefix } from "@sophia/core/config/command-line";
import { parseConfig, secretString } from "@sophia/core/config/parse-config";
import type { Environment } from "@sophia/core/config/parse-config";
import { PlatformSettings, toPlatformConfig } from "@sophia/core/config/platform-config";
import type { PlatformConfig } from "@sophia/core/config/platform-config";
import type { Secret } from "@sophia/core/config/secret";
import { findMisspeltKeys, findUnknownSettings } from "@sophia/core/config/unknown-settings";
import { listSetting } from "@sophia/core/config/setting-schemas";
import type { InfraConfig } from "@sophia/infra/config";
import type { Scrubber } from "@sophia/core/observe/scrub";
import { createScrubber } from "@sophia/core/observe/scrub";
import { services } from "@sophia/vendors/registry";
import type { ServiceConfig } from "@sophia/vendors/registry";
import { z } from "zod";
import { serverSettings } from "./server-settings.ts";
import type { StoreReport } from "./stored-environment.ts";

/** `up` hands it to that server, as its PULUMI_ACCESS_TOKEN. */
function ownAccessToken(server: string): string {
  return `PULUMI_ACCESS_TOKEN_${server.toUpperCase()}`;
}

/** Variables that only the command line reads. They are never handed to a server. */
export const CliSettings = z.object({
  SOPHIA_SERVERS: listSetting().describe("Servers that `up` starts, separated by commas; all when empty."),
  SOPHIA_APPROVER_TOKEN: secretString().optional().describe("Approver's token for `approve` and `refuse`."),
  ...Object.fromEntries(
    serverSettings.map(({ id, title }) => [
      ownAccessToken(id),
      secretString()
        .optional()
        .describe(`PULUMI_ACCESS_TOKEN for ${title} alone, one that may open its group's environment and no other.`),
    ]),
  ),
});

export interface CliConfig {
  platform: PlatformConfig;
  servers: readonly string[];
  approverToken: Secret | undefined;
  /** The services' variables, parsed; keys as in the environment. */
  services: ServiceConfig;
  /** Variables of the servers that decide how services are reached, as the servers parse them. */
  local: AiConfig & InfraConfig;
  scrubber: Scrubber;
  auditDirectory: string;
  /** What is probably not meant as it is, one line each, without values. Nothing of it stops a start. */
  warnings: readonly string[];
  /** Names of the variables that the store of secrets sets. */
  storedSettings: readonly string[];
}

const serviceSettings = services.map((service) => service.config as z.ZodObject);

/** Reads the whole configuration once. Throws ConfigError with every mistake in it. */
export function loadConfig(environment: Environment, store: StoreReport = { stored: [], warnings: [] }): CliConfig {
  const scrubber = createScrubber();
  const ownSettings = serverSettings.map(({ settings }) => settings);
  const schemas: z.ZodObject[] = [PlatformSettings, CliSettings, ...ownSettings, ...serviceSettings];
  const doubts = findDoubts(environment, new Set(schemas.flatMap((schema) => Object.keys(schema.shape))));
  const warnings = [...store.warnings, ...doubts];
  const names = store.stored.toSorted().join(", ");
  const way = `\`${formatCommand("secrets set VARIABLE")}\` changes one, \`${formatCommand("secrets rm VARIABLE")}\` removes it.`;
  const origin = names === "" ? [] : [`From the store of secrets: ${names}. ${way}`];
  // On a person's machine everything has an answer, and simulated ones say so. Containers set SOPHIA_SIMULATE=0.
  const parsed: Record<string, unknown> = parseConfig(
    schemas,
    { SOPHIA_SIMULATE: "1", ...environment },
    { scrubber, notes: [...warnings, ...origin] },
  );
  const platform = toPlatformConfig(parsed as PlatformSettings);
  setCommandPrefix(platform.command);
  const own = parsed as z.output<typeof CliSettings>;
  return {
    platform,
    servers: own.SOPHIA_SERVERS,
    approverToken: own.SOPHIA_APPROVER_TOKEN,
    services: parsed as ServiceConfig,
    local: parsed as CliConfig["local"],
    scrubber,
    auditDirectory: join(platform.dataDir, "audit"),
    warnings,
    storedSettings: store.stored.toSorted(),
  };
}

/** Only docker-compose.yml reads them, and hands its whole `.env` on to the containers. */
const composeVariables = ["SOPHIA_IMAGE", "SOPHIA_BASE_IMAGE"];

function findDoubts(environment: Environment, known: Set<string>): string[] {
  const strangers = findUnknownSettings(environment, new Set([...known, ...composeVariables]));
  const misspelt = findMisspeltKeys(environment, [...known]);
  return [
    ...strangers
      .filter(({ suggestion }) => suggestion === undefined)
      .map(({ variable }) => `${variable} is not a setting of Sophia and is ignored: .env.example lists them all.`),
    ...misspelt.map(({ variable, suggestion }) => `${variable} is ignored; did you mean ${suggestion}?`),
  ];
}

const systemVariables = new Set(["PATH", "HOME", "TZ", "LANG", "TMPDIR", "NODE_COMPILE_CACHE", "NODE_EXTRA_CA_CERTS"]);
const cliVariables = new Set(Object.keys(CliSettings.shape));

const serviceVariables = new Set(serviceSettings.flatMap((settings) => Object.keys(settings.shape)));

/** What a server inherits: Sophia's and the services' variables, tracing, and what a program needs to run at all. */
export function buildServerEnvironment(environment: Environment, server: string): Record<string, string> {
  const inherited = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      !cliVariables.has(entry[0]) &&
      (systemVariables.has(entry[0]) || serviceVariables.has(entry[0]) || /^(?:SOPHIA|OTEL)_/.test(entry[0])),
  );
  const own = environment[ownAccessToken(server)]?.trim() ?? "";
  return { ...Object.fromEntries(inherited), ...(own !== "" && { PULUMI_ACCESS_TOKEN: own }) };
}
