import { formatPropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { Rotations, RotationTarget } from "@sophia/core/secrets/rotation/rotation-types";
import type { SecretStore } from "@sophia/core/secrets/settings/secret-store";
import type { StoredSettings } from "@sophia/core/secrets/settings/stored-settings";
import { findRotationService } from "@sophia/vendors/environments/rotation-service";
import { environmentOf } from "@sophia/vendors/environments/variable-places";
import { listPlaces } from "../server-settings.ts";

/**
 * Rotates by schedule what both ends of are ours. Not our own bearers: a client beside us, such as Cursor, holds one that
 * nobody could exchange there. Those, and keys that a person has to make, are rotated when somebody says so.
 */
export async function scheduleRotations(
  rotations: Pick<Rotations, "schedule">,
  { config, locate }: Pick<SecretStore, "config" | "locate">,
  stored: StoredSettings["values"],
): Promise<void> {
  const { secretsRotation: cron, secretsBlackouts: blackouts, stage } = config;
  const targets = listPlaces().flatMap((place): RotationTarget[] => {
    const { service, isAutomatic } = findRotationService(place);
    if (!isAutomatic || place.service === "sophia" || !stored.has(place.variable)) return [];
    const { variable, path } = place;
    return [{ environment: locate(environmentOf(place, stage)), path: formatPropertyPath(path), service, variable }];
  });
  const isOff = cron === undefined;
  await rotations.schedule({ name: stage, targets: isOff ? [] : targets, blackouts, ...(!isOff && { cron }) });
}
