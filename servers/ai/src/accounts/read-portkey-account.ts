import type { PortkeyClient } from "@sophia/vendors/portkey/client";
import type { AccountFacts } from "./read-openrouter-account.ts";

const dayMs = 86_400_000;

/** What Portkey's analytics say of the calls that went through it: its log's sum, not a credit. */
export async function readPortkeyAccount(
  { client, now }: { client: Pick<PortkeyClient, "fetchGraph" | "fetchCacheSummary">; now: number },
  signal: AbortSignal,
): Promise<AccountFacts> {
  const date = new Date(now);
  const monthStart = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  const range = { from: monthStart, until: now };
  const today = { from: now - (now % dayMs), until: now };
  const [month, day, requests, errors, cache] = await Promise.all([
    client.fetchGraph("cost", range, signal),
    client.fetchGraph("cost", today, signal),
    client.fetchGraph("requests", range, signal),
    client.fetchGraph("errors", range, signal),
    client.fetchCacheSummary(range, signal),
  ]);
  return {
    usedThisMonthUsd: fromCents(month.summary["total"]),
    usedTodayUsd: fromCents(day.summary["total"]),
    requestsThisMonth: requests.summary["total"] ?? 0,
    errorsThisMonth: errors.summary["total"] ?? 0,
    cacheHitsThisMonth: cache["hits"] ?? 0,
  };
}

function fromCents(cents = 0): number {
  return cents / 100;
}
