import type { z } from "zod";
import { type ApifyRunStatus, finalStatuses, type RunFields } from "./schemas.ts";

/** One run of an Actor, as it was when it was read. Times are wall clock, ms. */
export interface ApifyRun {
  id: string;
  actorId: string;
  taskId?: string;
  status: ApifyRunStatus;
  isFinal: boolean;
  /** The Actor's own words: untrusted. */
  statusMessage?: string;
  startedAt: number;
  finishedAt?: number;
  exitCode?: number;
  datasetId: string;
  keyValueStoreId: string;
  requestQueueId: string;
  memoryMbytes?: number;
  /** USD so far; preliminary until {@link costSettlesAfterMs} after the end. */
  costUsd?: number;
  computeUnits?: number;
  /** How often each billed event of a pay-per-event Actor happened. */
  chargedEvents?: Readonly<Record<string, number>>;
  /** Who started it, in that client's words. */
  userAgent?: string;
}

/** Before that the vendor's own figure is too low. https://docs.apify.com/platform/actors/running/runs-and-builds */
export const costSettlesAfterMs = 10_000;

export function toRun(fields: z.output<typeof RunFields>): ApifyRun {
  const { options, stats, meta } = fields;
  return {
    id: fields.id,
    actorId: fields.actId,
    ...given("taskId", fields.actorTaskId),
    status: fields.status,
    isFinal: finalStatuses.has(fields.status),
    ...given("statusMessage", fields.statusMessage),
    startedAt: fields.startedAt,
    ...given("finishedAt", fields.finishedAt),
    ...given("exitCode", fields.exitCode),
    datasetId: fields.defaultDatasetId,
    keyValueStoreId: fields.defaultKeyValueStoreId,
    requestQueueId: fields.defaultRequestQueueId,
    ...given("memoryMbytes", options?.memoryMbytes),
    ...given("costUsd", fields.usageTotalUsd),
    ...given("computeUnits", stats?.computeUnits),
    ...given("chargedEvents", fields.chargedEventCounts),
    ...given("userAgent", meta?.userAgent),
  };
}

/** The vendor writes null where there is nothing. */
export function given<Name extends string, Value>(
  name: Name,
  value: Value | null | undefined,
): { [key in Name]?: Value } {
  return (value === null || value === undefined ? {} : { [name]: value }) as { [key in Name]?: Value };
}
