import { toAppError } from "@sophia/core/errors/app-error";
import { openStore } from "@sophia/core/store/store";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { answerRotationRequests } from "@sophia/core/secrets/rotation-requests/rotation-requests";
import { openSecretStore } from "@sophia/core/secrets/settings/secret-store";
import { systemClock } from "@sophia/core/limits/clock";
import { openCloudSecrets } from "@sophia/vendors/pulumi-esc/open-cloud-secrets";
import { SecretUses } from "@sophia/core/secrets/settings/secret-consumers";
import type { CommandContext } from "../commands/command-context.ts";
import { followSettings, readFollowedSettings } from "./follow-settings.ts";
import { openBackend } from "./open-backend.ts";
import { openRotations } from "./open-rotations.ts";
import { scheduleRotations } from "./schedule-rotations.ts";

const stopGraceMs = 5_000;

export interface RotationWorker {
  stop(options: { atOnce: boolean }): Promise<void>;
}

/**
 * Carries out rotations: those that are due, those of the command line, and those that a server asks for. Only a process
 * with the installation's key does; undefined without one, or without a store of secrets. Never throws: servers run
 * without it.
 */
export async function startRotationWorker(context: CommandContext): Promise<RotationWorker | undefined> {
  const { config, environment, log } = context;
  const { dataDir, databaseUrl, secretsCredentialFile } = config.platform;
  if (secretsCredentialFile !== undefined) {
    log.info("Secrets are not rotated here: that takes the installation's key, and this process has a credential.");
    return undefined;
  }
  try {
    const known = await openSecretStore({
      environment,
      author: "up",
      clock: systemClock,
      log,
      openCloud: openCloudSecrets,
    });
    if (known === undefined) return undefined;
    const secrets = await openBackend(context);
    const uses = new SecretUses();
    const read = await readFollowedSettings(context, known);
    const onDatabaseUse = uses.of(databaseUrl);
    const place = { dataDir, ...(databaseUrl && { databaseUrl, onDatabaseUse }) };
    const store = await openStore<CoreTables>({ ...place, migrations: [], log });
    const opened = await openRotations(context, { secrets, store, server: "supervisor" });
    answerRotationRequests(opened.jobs, opened.rotations);
    await scheduleRotations(opened.rotations, known, read.source?.opened.values ?? new Map());
    opened.jobs.start();
    const following = followSettings(context, { read, uses, store });
    return {
      async stop({ atOnce }) {
        await following.stop();
        await opened.close(atOnce ? 0 : stopGraceMs);
        await store.close();
      },
    };
  } catch (thrown) {
    log.error({ err: thrown }, `Secrets are not rotated: ${toAppError(thrown).message}`);
    return undefined;
  }
}
