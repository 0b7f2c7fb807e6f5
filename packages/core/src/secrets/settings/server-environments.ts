import { unlessMissing } from "../../errors/unless-missing.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import { listImportClosure } from "../backend/local/import-closure.ts";
import type { EnvironmentId, SecretBackend } from "../backend/secret-backend.ts";
import {
  baseEnvironment,
  groupEnvironment,
  type SecretGroup,
  type Stage,
  storesEnvironment,
} from "./group-environments.ts";

/**
 * What a server's credential holds the keys of: its group's environment and all that leads there. The bases belong to it
 * even before anybody has made them, so that making them later needs no new credential.
 */
export async function listServerEnvironments(
  backend: Pick<SecretBackend, "read">,
  group: SecretGroup,
  stage: Stage,
): Promise<readonly EnvironmentId[]> {
  const own = groupEnvironment(group, stage);
  const closure = (await unlessMissing(listImportClosure(backend, own))) ?? [];
  const ids = [own, baseEnvironment, storesEnvironment(stage), ...closure];
  return [...new Map(ids.map((id) => [formatEnvironmentId(id), id])).values()];
}
