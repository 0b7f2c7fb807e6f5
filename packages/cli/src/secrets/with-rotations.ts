import { join } from "node:path";
import { systemClock } from "@sophia/core/limits/clock";
import { createJobs, type Jobs } from "@sophia/core/jobs/jobs";
import { openAudit } from "@sophia/core/observe/audit";
import { createRotationKeys } from "@sophia/core/secrets/rotation/rotation-keys";
import type { Rotations } from "@sophia/core/secrets/rotation/rotation-types";
import { createRotations } from "@sophia/core/secrets/rotation/rotations";
import { secretsFolder } from "@sophia/core/secrets/settings/secret-store";
import { services } from "@sophia/vendors/registry";
import type { CommandContext } from "../commands/command-context.ts";
import { withStore } from "../with-store.ts";
import { openBackend, type OpenSecrets } from "./open-backend.ts";

export interface RotationDesk {
  rotations: Rotations;
  /** Not started: a command that wants to carry out rotations itself starts it. */
  jobs: Jobs;
  secrets: OpenSecrets;
}

const stopGraceMs = 5_000;

/** Runs `work` with the machinery of rotation over this installation's store, and closes it whatever happens. */
export async function withRotations<Result>(
  context: CommandContext,
  work: (desk: RotationDesk) => Promise<Result>,
): Promise<Result> {
  const { config, log } = context;
  const secrets = await openBackend(context);
  return await withStore(config, log, async (store) => {
    const audit = await openAudit({ directory: config.auditDirectory, writer: "cli", log, clock: systemClock });
    const jobs = createJobs({ store, log });
    try {
      const rotations = createRotations({
        backend: secrets.backend,
        store,
        jobs,
        audit,
        log,
        clock: systemClock,
        services,
        keys: createRotationKeys(secrets.keyring),
        backupFolder: join(secretsFolder(config.platform.dataDir), "backups"),
        server: "cli",
      });
      return await work({ rotations, jobs, secrets });
    } finally {
      await jobs.stop(stopGraceMs);
      await audit.close();
    }
  });
}
