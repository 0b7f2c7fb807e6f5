import type { AlertEvents } from "../../store/alert-events.ts";
import type { Backups } from "./backups.ts";
import type { CheckRows } from "./check-rows.ts";
import type { ConsumerRows } from "./consumer-rows.ts";
import type { RotationRows } from "./rotation-rows.ts";
import type { RotatedService, RotationLimits, RotationsOptions } from "./rotation-types.ts";

/** What all of rotation's files work with. */
export interface RotationParts extends Omit<RotationsOptions, "limits" | "services"> {
  limits: RotationLimits;
  services: ReadonlyMap<string, RotatedService>;
  rows: RotationRows;
  consumers: ConsumerRows;
  checks: CheckRows;
  backups: Backups;
  alerts: AlertEvents;
}

export const defaultLimits: RotationLimits = {
  refreshMs: 60_000,
  graceMs: 10 * 60_000,
  maximumGraceMs: 24 * 60 * 60_000,
  consumerLivesMs: 3 * 60_000,
  consumerCheckMs: 90_000,
  observeEveryMs: 5_000,
  errorRate: 0.05,
  minimumCalls: 20,
  stepTries: 4,
  writeTries: 5,
  retryPauseMs: 1_000,
  callTimeoutMs: 30_000,
};

/** A consumer looks again within this time, and once more for the look it was just in. */
export function graceOf({ graceMs, refreshMs }: RotationLimits): number {
  return Math.max(graceMs, 2 * refreshMs);
}
