import { systemClock } from "@sophia/core/limits/clock";
import { formatCredential } from "@sophia/core/secrets/backend/local/credential";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { groupEnvironment, type SecretGroup, secretGroups } from "@sophia/core/secrets/settings/group-environments";
import { listServerEnvironments } from "@sophia/core/secrets/settings/server-environments";
import { openSecretStore } from "@sophia/core/secrets/settings/secret-store";
import type { SecretStore } from "@sophia/core/secrets/settings/secret-store";
import { openCloudSecrets } from "@sophia/vendors/pulumi-esc/open-cloud-secrets";
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
    return [group.server, formatCredential(store.keyring, await listOwn(store, group))];
  });
  return new Map(await Promise.all(entries));
}

/** In Pulumi Cloud the key only seals the copy of what was opened last: who may open what is the cloud's to say. */
async function listOwn({ backend, config }: SecretStore, group: SecretGroup): Promise<readonly EnvironmentId[]> {
  if (backend.kind !== "local") return [groupEnvironment(group, config.stage)];
  return await listServerEnvironments(backend, group, config.stage);
}
