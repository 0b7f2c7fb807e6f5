import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { type Stage, stages } from "../secrets/settings/group-environments.ts";
import type { BlackoutWindow } from "../secrets/rotation/rotation-types.ts";
import { blackoutSetting } from "./blackout-setting.ts";
import { listSetting, wholeNumberSetting } from "./setting-schemas.ts";

/** Where a process finds its secrets, and how it follows their changes. */
export interface SecretsConfig {
  dataDir: string;
  stage: Stage;
  secretsRefreshMs: number;
  /** 0: no start without the store. */
  secretsMaximumAgeMs: number;
  secretsCredentialFile?: string;
  /** How long an old secret stays valid beside the new one. */
  secretsGraceMs: number;
  /** When secrets are rotated by themselves, five cron fields in UTC; undefined is never. */
  secretsRotation?: string;
  secretsBlackouts: readonly BlackoutWindow[];
  /** Names of variables, or their beginnings with `*` behind, that `fn::open::environment-variables` may read. */
  secretsAllowedVariables: readonly string[];
  /** Folders that `fn::open::files` may read from. */
  secretsAllowedFolders: readonly string[];
}

/** The variables behind {@link SecretsConfig}. Read before all others, which may come from the store they name. */
export const SecretsSettings = z.object({
  SOPHIA_DATA_DIR: z.string().default("~/.sophia").describe("Folder for the store, the audit trail and keys."),
  SOPHIA_SECRETS_STAGE: z
    .enum(stages, `must be one of ${stages.join(", ")}`)
    .default("development")
    .describe("Which environments secrets come from: those of production, staging or development."),
  SOPHIA_SECRETS_REFRESH_SECONDS: wholeNumberSetting({ minimum: 1, maximum: 3_600 })
    .default(30)
    .describe("How often a server looks for changed secrets, in seconds."),
  SOPHIA_SECRETS_MAX_AGE_HOURS: wholeNumberSetting({ minimum: 0, maximum: 720 })
    .default(72)
    .describe("How long a server may start from its encrypted copy while the secret store is away; 0 is never."),
  SOPHIA_SECRETS_CREDENTIAL_FILE: z
    .string()
    .optional()
    .describe("File with the credential that opens this server's secrets (`secrets credential`), instead of the key."),
  SOPHIA_SECRETS_GRACE_SECONDS: wholeNumberSetting({ minimum: 1, maximum: 604_800 })
    .default(600)
    .describe("How long an old secret stays valid after a rotation, in seconds; never less than two refreshes."),
  SOPHIA_SECRETS_ROTATION: z
    .string()
    .regex(/^(?:off|[\d*/,-]+(?: [\dA-Za-z*/,#-]+){4})$/, "must be five cron fields in UTC, or off")
    .default("0 3 * * 0")
    .describe("When passwords of PostgreSQL and Redis are rotated: five cron fields in UTC, or off."),
  SOPHIA_SECRETS_BLACKOUT: blackoutSetting().describe(
    "When nothing is rotated, windows separated by commas: days (0 is Sunday), from-to, time zone, e.g. 1-5 08:00-18:00 Europe/Berlin.",
  ),
  SOPHIA_SECRETS_ALLOW_VARIABLES: listSetting().describe(
    "Variables of this process that environments may read with fn::open::environment-variables, separated by commas; NAME* for all that begin so.",
  ),
  SOPHIA_SECRETS_ALLOW_FOLDERS: listSetting().describe(
    "Folders whose files environments may read with fn::open::files, separated by commas.",
  ),
});

export function toSecretsConfig(settings: z.output<typeof SecretsSettings>): SecretsConfig {
  return {
    dataDir: resolveDataDir(settings.SOPHIA_DATA_DIR),
    stage: settings.SOPHIA_SECRETS_STAGE,
    secretsRefreshMs: settings.SOPHIA_SECRETS_REFRESH_SECONDS * 1_000,
    secretsMaximumAgeMs: settings.SOPHIA_SECRETS_MAX_AGE_HOURS * 3_600_000,
    secretsGraceMs: settings.SOPHIA_SECRETS_GRACE_SECONDS * 1_000,
    ...(settings.SOPHIA_SECRETS_ROTATION !== "off" && { secretsRotation: settings.SOPHIA_SECRETS_ROTATION }),
    secretsBlackouts: settings.SOPHIA_SECRETS_BLACKOUT,
    secretsAllowedVariables: settings.SOPHIA_SECRETS_ALLOW_VARIABLES,
    secretsAllowedFolders: settings.SOPHIA_SECRETS_ALLOW_FOLDERS,
    ...(settings.SOPHIA_SECRETS_CREDENTIAL_FILE && { secretsCredentialFile: settings.SOPHIA_SECRETS_CREDENTIAL_FILE }),
  };
}

function resolveDataDir(path: string): string {
  if (path === "~") return homedir();
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : resolve(path);
}
