import type { Http } from "@sophia/core/http/http";
import { policyOf } from "./operations.ts";
import { given } from "./run.ts";
import { LimitsReply, MonthlyUsageReply, UserReply } from "./schemas.ts";

/** Of the whole account, in the present billing month. Times are wall clock, ms. */
export interface ApifyLimits {
  cycle: { startAt: number; endAt: number };
  usedUsd: number;
  maxUsd: number;
  memoryGbytes: number;
  maxMemoryGbytes: number;
  activeRuns: number;
  maxRuns: number;
}

export interface ApifyMonthlyUsage {
  cycle: { startAt: number; endAt: number };
  totalUsd: number;
  /** By the vendor's name, e.g. `ACTOR_COMPUTE_UNITS`. */
  services: Readonly<Record<string, { quantity: number; usd: number }>>;
}

export interface ApifyAccount {
  getLimits(signal: AbortSignal): Promise<ApifyLimits>;
  /** `day`: any day of the wanted month, `2026-11-27`. */
  getMonthlyUsage(signal: AbortSignal, day?: string): Promise<ApifyMonthlyUsage>;
  /** Neither e-mail address nor proxy password, which the vendor sends along. */
  getUser(signal: AbortSignal): Promise<{ username: string; plan?: string }>;
}

const policy = policyOf("read_account");

/** https://docs.apify.com/api/v2/users */
export function createAccount(http: Http): ApifyAccount {
  return {
    async getLimits(signal) {
      const request = { ...policy, path: "/users/me/limits", schema: LimitsReply, signal };
      const { monthlyUsageCycle, limits, current } = (await http.request(request)).data.data;
      return {
        cycle: monthlyUsageCycle,
        usedUsd: current.monthlyUsageUsd,
        maxUsd: limits.maxMonthlyUsageUsd,
        memoryGbytes: current.actorMemoryGbytes,
        maxMemoryGbytes: limits.maxActorMemoryGbytes,
        activeRuns: current.activeActorJobCount,
        maxRuns: limits.maxConcurrentActorJobs,
      };
    },
    async getMonthlyUsage(signal, day) {
      const query = { date: day };
      const request = { ...policy, path: "/users/me/usage/monthly", query, schema: MonthlyUsageReply, signal };
      const { usageCycle, totalUsageCreditsUsdAfterVolumeDiscount, monthlyServiceUsage } = (await http.request(request))
        .data.data;
      const services = Object.entries(monthlyServiceUsage).map(([name, { quantity, baseAmountUsd }]) => [
        name,
        { quantity, usd: baseAmountUsd },
      ]);
      return {
        cycle: usageCycle,
        totalUsd: totalUsageCreditsUsdAfterVolumeDiscount,
        services: Object.fromEntries(services) as ApifyMonthlyUsage["services"],
      };
    },
    async getUser(signal) {
      const { username, plan } = (await http.request({ ...policy, path: "/users/me", schema: UserReply, signal })).data
        .data;
      return { username, ...given("plan", plan.description ?? plan.id) };
    },
  };
}
