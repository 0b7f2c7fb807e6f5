import { z } from "zod";
import { logLevels, type LogLevel } from "../observe/log.ts";
import { defaultCommandPrefix } from "./command-line.ts";
import { secretString } from "./parse-config.ts";
import type { Secret } from "./secret.ts";
import { type SecretsConfig, SecretsSettings, toSecretsConfig } from "./secrets-config.ts";
import { listSetting, portSetting, switchSetting, urlSetting } from "./setting-schemas.ts";

/** What every process of Sophia is told by its environment, apart from the services' own variables. */
export interface PlatformConfig extends SecretsConfig {
  /** What stands before a command of Sophia in messages. */
  command: string;
  token?: Secret;
  simulate: boolean;
  readOnly: boolean;
  approveInClient: boolean;
  host: string;
  allowedHosts: string[];
  ports: { ai: number; data: number; infra: number; bi: number; console: number };
  databaseUrl?: Secret;
  redisUrl?: Secret;
  logLevel: LogLevel;
  otlpEndpoint?: string;
  otlpHeaders?: Secret;
}

const portNames = [
  "SOPHIA_PORT_AI",
  "SOPHIA_PORT_DATA",
  "SOPHIA_PORT_INFRA",
  "SOPHIA_PORT_BI",
  "SOPHIA_PORT_CONSOLE",
] as const;

/** A URL with a password in it: secret, and still checked for its protocol. */
function secretUrl(protocols: readonly string[]) {
  const message = `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
  return secretString({ accept: { test: (text) => protocols.includes(URL.parse(text)?.protocol ?? ""), message } });
}

/** The variables behind {@link PlatformConfig}. Parse it together with the services' schemas to report all mistakes at once. */
export const PlatformSettings = z
  .object({
    ...SecretsSettings.shape,
    SOPHIA_COMMAND: z
      .string()
      .regex(/^[ -~]{1,200}$/, "must be a line of plain text")
      .default(defaultCommandPrefix)
      .describe("How people run Sophia's commands here; messages name it."),
    SOPHIA_TOKEN: secretString({ minimumLength: 32 })
      .optional()
      .describe("Bearer for MCP clients, instead of the one made at first start. At least 32 characters."),
    SOPHIA_SIMULATE: switchSetting(false).describe(
      "Services without an account or local stand-in are simulated. Unset: on for npm start and npm run sophia, off for a server started by itself. In containers always off.",
    ),
    SOPHIA_READ_ONLY: switchSetting(false).describe("Refuse every change, whatever a token allows."),
    SOPHIA_APPROVE_IN_CLIENT: switchSetting(false).describe(
      "A person may approve plans in the MCP client (elicitation). The client's bearer then suffices for both.",
    ),
    SOPHIA_HOST: z
      .string()
      .regex(/^[\w.:-]{1,253}$/, "must be an address or a host name")
      .default("127.0.0.1")
      .describe("Address to listen on."),
    SOPHIA_ALLOWED_HOSTS: listSetting().describe("Host names accepted beside localhost, separated by commas."),
    SOPHIA_PORT_AI: portSetting(8091).describe("Port of AI Intelligence."),
    SOPHIA_PORT_DATA: portSetting(8092).describe("Port of Data Intelligence."),
    SOPHIA_PORT_INFRA: portSetting(8093).describe("Port of the Infrastructure Copilot."),
    SOPHIA_PORT_BI: portSetting(8094).describe("Port of Business Intelligence."),
    SOPHIA_PORT_CONSOLE: portSetting(8090).describe("Port of the console. Not used yet."),
    SOPHIA_DATABASE_URL: secretUrl(["postgresql:", "postgres:"])
      .optional()
      .describe("PostgreSQL instead of the embedded store."),
    SOPHIA_REDIS_URL: secretUrl(["redis:", "rediss:"])
      .optional()
      .describe("Redis: the services' limits are counted there, over all processes and machines."),
    SOPHIA_LOG_LEVEL: z
      .enum(logLevels, `must be one of ${logLevels.join(", ")}`)
      .default("info")
      .describe("Least severity that is logged."),
    OTEL_EXPORTER_OTLP_ENDPOINT: urlSetting(["http:", "https:"])
      .optional()
      .describe("A collector's base URL: traces of all servers go to its /v1/traces (OTLP over HTTP, protobuf)."),
    OTEL_EXPORTER_OTLP_HEADERS: secretString()
      .optional()
      .describe("Headers for it, such as a key: name=value, separated by commas, percent-encoded."),
  })
  .refine((settings) => findSharedPorts(settings).length === 0, {
    error: ({ input }) =>
      `${findSharedPorts(input as PortSettings).join(" and ")} are the same port: each server needs its own`,
    when: (payload) => payload.issues.every((issue) => !String(issue.path?.[0]).startsWith("SOPHIA_PORT_")),
  });

type PortSettings = Readonly<Record<(typeof portNames)[number], number>>;

function findSharedPorts(settings: PortSettings): string[] {
  return portNames.filter((name) => portNames.some((other) => other !== name && settings[other] === settings[name]));
}

export type PlatformSettings = z.output<typeof PlatformSettings>;

export function toPlatformConfig(settings: PlatformSettings): PlatformConfig {
  return {
    ...toSecretsConfig(settings),
    command: settings.SOPHIA_COMMAND,
    ...(settings.SOPHIA_TOKEN && { token: settings.SOPHIA_TOKEN }),
    simulate: settings.SOPHIA_SIMULATE,
    readOnly: settings.SOPHIA_READ_ONLY,
    approveInClient: settings.SOPHIA_APPROVE_IN_CLIENT,
    host: settings.SOPHIA_HOST,
    allowedHosts: settings.SOPHIA_ALLOWED_HOSTS,
    ports: {
      ai: settings.SOPHIA_PORT_AI,
      data: settings.SOPHIA_PORT_DATA,
      infra: settings.SOPHIA_PORT_INFRA,
      bi: settings.SOPHIA_PORT_BI,
      console: settings.SOPHIA_PORT_CONSOLE,
    },
    ...(settings.SOPHIA_DATABASE_URL && { databaseUrl: settings.SOPHIA_DATABASE_URL }),
    ...(settings.SOPHIA_REDIS_URL && { redisUrl: settings.SOPHIA_REDIS_URL }),
    logLevel: settings.SOPHIA_LOG_LEVEL,
    ...(settings.OTEL_EXPORTER_OTLP_ENDPOINT && { otlpEndpoint: settings.OTEL_EXPORTER_OTLP_ENDPOINT }),
    ...(settings.OTEL_EXPORTER_OTLP_HEADERS && { otlpHeaders: settings.OTEL_EXPORTER_OTLP_HEADERS }),
  };
}
