import { join } from "node:path";
import { configuredName, createTokens } from "@sophia/core/approval/tokens";
import { createJobs, type Jobs } from "@sophia/core/jobs/jobs";
import { systemClock } from "@sophia/core/limits/clock";
import { type Audit, openAudit } from "@sophia/core/observe/audit";
import { createBearerService } from "@sophia/core/secrets/rotation/bearer-rotator";
import { createRotationKeys } from "@sophia/core/secrets/rotation/rotation-keys";
import type { Rotations } from "@sophia/core/secrets/rotation/rotation-types";
import { createRotations } from "@sophia/core/secrets/rotation/rotations";
import { storesEnvironment } from "@sophia/core/secrets/settings/group-environments";
import { secretsFolder } from "@sophia/core/secrets/settings/secret-store";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Store } from "@sophia/core/store/store";
import { otherSecrets } from "@sophia/vendors/environments/rotation-service";
import { services } from "@sophia/vendors/registry";
import type { CommandContext } from "../commands/command-context.ts";
import type { OpenSecrets } from "./open-backend.ts";

export interface OpenRotations {
  rotations: Rotations;
  /** Not started: whoever wants to carry out rotations starts it. */
  jobs: Jobs;
  /** Gives running steps a moment, hands the rest back, and closes the audit. The store stays open. */
  close(graceMs: number): Promise<void>;
}

/** A rotation waits for its grace most of the time, and as long as a consumer keeps the old value. */
const concurrency = 64;
const databaseVariable = "SOPHIA_DATABASE_URL";

function findDatabasePlace({ locate, stage }: OpenSecrets) {
  return { environment: locate(storesEnvironment(stage)), path: `stores.postgresql.${databaseVariable}` };
}

function isSet(environment: CommandContext["environment"], variable: string): boolean {
  return (environment[variable] ?? "").trim() !== "";
}

/** The machinery of rotation over an open store, with the installation's keys. `server` is the name in audit and alerts. */
export async function openRotations(
  { config, environment, log }: Pick<CommandContext, "config" | "environment" | "log">,
  { secrets, store, server }: { secrets: OpenSecrets; store: Store<CoreTables>; server: string },
): Promise<OpenRotations> {
  const audit: Audit = await openAudit({ directory: config.auditDirectory, writer: server, log, clock: systemClock });
  const jobs = createJobs({ store, log, concurrency });
  // What the process environment sets does not come from the store, and does not change with it.
  const { databaseUrl } = config.platform;
  const isStored = databaseUrl !== undefined && !isSet(environment, databaseVariable);
  const tokens = createTokens({ store, clock: systemClock });
  const rotations = createRotations({
    backend: secrets.backend,
    store,
    jobs,
    audit,
    log,
    clock: systemClock,
    services: [
      ...services,
      createBearerService({ tokens, clock: systemClock, isOverridden: isSet(environment, configuredName) }),
      otherSecrets,
    ],
    keys: createRotationKeys(secrets.keyring),
    backupFolder: join(secretsFolder(config.platform.dataDir), "backups"),
    server,
    overrides: environment,
    ownSecrets: isStored ? [{ ...findDatabasePlace(secrets), secret: databaseUrl }] : [],
    limits: { refreshMs: config.platform.secretsRefreshMs, graceMs: config.platform.secretsGraceMs },
  });
  return {
    rotations,
    jobs,
    async close(graceMs) {
      await jobs.stop(graceMs);
      await audit.close();
    },
  };
}
