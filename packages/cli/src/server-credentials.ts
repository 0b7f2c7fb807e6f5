import { toAppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import { formatCredential } from "@sophia/core/secrets/backend/local/credential";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import {
  baseEnvironment,
  groupEnvironment,
  type SecretGroup,
  secretGroups,
  storesEnvironment,
} from "@sophia/core/secrets/settings/group-environments";
import { listServerEnvironments } from "@sophia/core/secrets/settings/server-environments";
import { openSecretStore } from "@sophia/core/secrets/settings/secret-store";
import type { SecretStore } from "@sophia/core/secrets/settings/secret-store";
import { openCloudSecrets } from "@sophia/vendors/pulumi-esc/open-cloud-secrets";
import type { Logger } from "pino";
import type { CommandContext } from "./commands/command-context.ts";

/**
 * By server id, what opens its own group's environment and nothing else. Empty without a store of secrets, and when this
 * process was itself given a credential: it hands on that one.
 */
export async function makeServerCredentials(
  { environment, config, log }: CommandContext,
  servers: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (config.platform.secretsCredentialFile !== undefined) return new Map();
  const store = await openSecretStore({
    environment,
    author: "up",
    clock: systemClock,
    log,
    openCloud: openCloudSecrets,
  });
  if (store === undefined) return new Map();
  const groups = secretGroups.filter(({ server }) => servers.includes(server));
  const entries = groups.map(async (group): Promise<[string, string]> => {
    return [group.server, formatCredential(store.keyring, await listOwn(store, group, log))];
  });
  return new Map(await Promise.all(entries));
}

/** In Pulumi Cloud the key only seals the copy of what was opened last: who may open what is the cloud's to say. */
async function listOwn(
  { backend, config }: SecretStore,
  group: SecretGroup,
  log: Logger,
): Promise<readonly EnvironmentId[]> {
  const { stage } = config;
  const own = groupEnvironment(group, stage);
  if (backend.kind !== "local") return [own];
  return await listServerEnvironments(backend, group, stage).catch((thrown: unknown) => {
    // A damaged file is told by the server whose it is, which may have a copy; the other servers start all the same.
    if (toAppError(thrown).kind !== "unavailable") throw thrown;
    log.warn({ err: thrown, child: group.server }, "The environments of this server cannot all be read.");
    return [own, baseEnvironment, storesEnvironment(stage)];
  });
}
