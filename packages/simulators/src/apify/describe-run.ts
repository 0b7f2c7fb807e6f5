import { costAt, endOf, isStoppedByCap, type SimulatedRun, statusAt } from "./run-machine.ts";
import { type ApifyState, userIdOf } from "./simulator-state.ts";

const buildNumber = "1.0.7";
const origin = { origin: "API" };
const firstDay = "2026-01-01T00:00:00.000Z";

/** https://docs.apify.com/api/v2/actor-run-get */
export function describeRun(state: ApifyState, run: SimulatedRun): Record<string, unknown> {
  const now = state.clock.now();
  const cost = costAt(run, now);
  const end = endOf(run);
  const runTimeSecs = Math.max(0, Math.min(now, end) - run.startedAt) / run.scale / 1_000;
  const hasEnded = now >= end;
  return {
    ...describeRunShort(state, run),
    meta: { ...origin, ...(run.userAgent !== null && { clientIp: "192.0.2.1", userAgent: run.userAgent }) },
    statusMessage: isStoppedByCap(run) ? "Simulated run: stopped at its cap." : "Simulated run.",
    isStatusMessageTerminal: hasEnded,
    pricingInfo: describePricing(run.actor.pricing),
    stats: {
      inputBodyLen: run.inputBytes,
      restartCount: 0,
      resurrectCount: 0,
      runTimeSecs,
      durationMillis: Math.round(runTimeSecs * 1_000),
      computeUnits: cost.computeUnits,
    },
    options: run.options,
    exitCode: hasEnded ? (statusAt(run, now) === "SUCCEEDED" ? 0 : 1) : null,
    generalAccess: "FOLLOW_USER_SETTING",
    chargedEventCounts: cost.events,
    usage: { ACTOR_COMPUTE_UNITS: cost.computeUnits, DATASET_WRITES: run.items.length, KEY_VALUE_STORE_WRITES: 2 },
    usageUsd: { ACTOR_COMPUTE_UNITS: cost.computeUsd },
  };
}

/** As it is in a list: of where it came from only the way, as in the vendor's own example. https://docs.apify.com/api/v2/actor-runs-get */
export function describeRunShort(state: ApifyState, run: SimulatedRun): Record<string, unknown> {
  const now = state.clock.now();
  const end = endOf(run);
  return {
    id: run.id,
    actId: run.actor.id,
    userId: userIdOf(state),
    ...(run.taskId !== null && { actorTaskId: run.taskId }),
    status: statusAt(run, now),
    startedAt: new Date(run.startedAt).toISOString(),
    finishedAt: now >= end ? new Date(end).toISOString() : null,
    buildId: run.buildId,
    buildNumber,
    meta: origin,
    usageTotalUsd: costAt(run, now).totalUsd,
    defaultDatasetId: run.datasetId,
    defaultKeyValueStoreId: run.storeId,
    defaultRequestQueueId: run.queueId,
  };
}

export function describePricing(pricing: object): Record<string, unknown> {
  return { apifyMarginPercentage: 0.2, createdAt: firstDay, startedAt: firstDay, ...pricing };
}

export function writeLog(state: ApifyState, run: SimulatedRun): string {
  const now = Math.min(state.clock.now(), endOf(run));
  const lines = [
    "Simulated run: no Actor was started.",
    `Input of ${run.inputBytes} bytes read.`,
    ...run.items.map((item, index) => `Item ${index + 1}: ${typeof item["url"] === "string" ? item["url"] : "search"}`),
    `Status: ${statusAt(run, now)}`,
  ];
  return lines.map((line) => `${new Date(run.startedAt).toISOString()} INFO ${line}\n`).join("");
}
