import type { Platform } from "@sophia/core/mcp/platform";
import { shortFingerprint } from "@sophia/core/secrets/backend/local/short-fingerprint";
import { createRotationRows } from "@sophia/core/secrets/rotation/rotation-rows";
import { toStatus } from "@sophia/core/secrets/rotation/to-status";
import { requestRotation } from "@sophia/core/secrets/rotation-requests/rotation-requests";
import { secretGroups } from "@sophia/core/secrets/settings/group-environments";
import type { SecretStore } from "@sophia/core/secrets/settings/secret-store";
import { environmentOf, listVariablePlaces, type VariablePlace } from "@sophia/vendors/environments/variable-places";
import { findRotationService } from "@sophia/vendors/environments/rotation-service";
import { InfraConfig } from "../../config.ts";
import type { SecretDesk, VariableUse } from "./secret-desk.ts";

/** Whoever holds the keys looks once a second. */
const beginWaitMs = 10_000;

/** The desk over this installation's store of secrets, with what this server's own key opens. */
export function createSecretDesk(
  secrets: SecretStore,
  { store, jobs, clock }: Pick<Platform, "store" | "jobs" | "clock">,
): SecretDesk {
  const { backend, keyring, config } = secrets;
  const rows = createRotationRows(store, clock);
  return {
    backend,
    stage: config.stage,
    variables: listVariablePlaces({ infra: InfraConfig }).map((place) => toUse(place, secrets)),
    fingerprint: (text) => shortFingerprint(keyring, text),
    rotations: async (environment) => (await rows.list({ environment, limit: 1_000 })).map(toStatus),
    requestRotation: (request, signal) => requestRotation(jobs, request, { clock, waitMs: beginWaitMs, signal }),
  };
}

function toUse(place: VariablePlace, { locate }: Pick<SecretStore, "locate">): VariableUse {
  const { variable, title, docsUrl, isSecret, path, group } = place;
  return {
    variable,
    ...findRotationService(place),
    title,
    pageUrl: docsUrl,
    isSecret,
    servers: group === undefined ? secretGroups.map(({ server }) => server) : [group.server],
    path: path.join("."),
    environmentOf: (stage) => locate(environmentOf(place, stage)),
  };
}
