import type { Answer } from "./answer.ts";
import { computeUnitUsd } from "./run-machine.ts";
import { type Exchange, userIdOf } from "./simulator-state.ts";
import { found } from "./wording.ts";

const features = [
  "ACTORS",
  "STORAGE",
  "SCHEDULER",
  "PROXY",
  "PROXY_EXTERNAL_ACCESS",
  "PROXY_RESIDENTIAL",
  "PROXY_SERPS",
  "WEBHOOKS",
  "ACTORS_PUBLIC_ALL",
  "ACTORS_PUBLIC_DEVELOPER",
];

/** With the proxy's password, as the vendor has it. https://docs.apify.com/api/v2/users-me-get */
export function getUser({ state }: Exchange): Answer {
  const enabled = { isEnabled: true, disabledReason: null, disabledReasonType: null, isTrial: false };
  return found({
    id: userIdOf(state),
    username: "simulated",
    email: "simulated@example.com",
    proxy: { password: "simulated-proxy-password", groups: [] },
    plan: {
      id: "SIMULATED",
      description: "Simulated plan",
      maxMonthlyUsageUsd: state.account.limits.maxMonthlyUsageUsd,
      maxActorMemoryGbytes: state.account.limits.maxActorMemoryGbytes,
      maxConcurrentActorRuns: state.account.limits.maxConcurrentActorJobs,
      availableProxyGroups: {},
    },
    effectivePlatformFeatures: Object.fromEntries(
      features.map((name) => [name, { ...enabled, trialExpirationAt: null }]),
    ),
    isPaying: true,
  });
}

/** https://docs.apify.com/api/v2/users-me-limits-get */
export function getLimits({ state }: Exchange): Answer {
  const { limits } = state.account;
  const used = state.account.usage();
  return found({
    monthlyUsageCycle: cycleOf(state.clock.now()),
    limits: {
      ...limits,
      maxMonthlyActorComputeUnits: 1_000,
      maxMonthlyExternalDataTransferGbytes: 100,
      maxMonthlyProxySerps: 10_000,
      maxMonthlyResidentialProxyGbytes: 10,
      maxActorCount: 100,
      maxActorTaskCount: 500,
      maxTeamAccountSeatCount: 1,
      dataRetentionDays: 7,
      maxScheduleCount: 100,
    },
    current: {
      monthlyUsageUsd: used.usageUsd,
      monthlyActorComputeUnits: used.computeUnits,
      monthlyExternalDataTransferGbytes: 0,
      monthlyProxySerps: 0,
      monthlyResidentialProxyGbytes: 0,
      actorMemoryGbytes: used.memoryGbytes,
      actorCount: 0,
      actorTaskCount: state.tasks.size,
      activeActorJobCount: used.activeRuns,
      teamAccountSeatCount: 1,
      scheduleCount: 0,
    },
  });
}

/** https://docs.apify.com/api/v2/users-me-usage-monthly-get */
export function getMonthlyUsage({ state }: Exchange): Answer {
  const { usageUsd, computeUnits } = state.account.usage();
  const usageCycle = cycleOf(state.clock.now());
  const item = { quantity: computeUnits, baseAmountUsd: usageUsd, baseUnitPriceUsd: computeUnitUsd };
  const serviceUsage = { ACTOR_COMPUTE_UNITS: { ...item, amountAfterVolumeDiscountUsd: usageUsd } };
  return found({
    usageCycle,
    monthlyServiceUsage: serviceUsage,
    dailyServiceUsages: [{ date: usageCycle.startAt, serviceUsage, totalUsageCreditsUsd: usageUsd }],
    totalUsageCreditsUsdBeforeVolumeDiscount: usageUsd,
    totalUsageCreditsUsdAfterVolumeDiscount: usageUsd,
  });
}

function cycleOf(now: number): { startAt: string; endAt: string } {
  const date = new Date(now);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    startAt: new Date(Date.UTC(year, month, 1)).toISOString(),
    endAt: new Date(Date.UTC(year, month + 1, 1) - 1).toISOString(),
  };
}
