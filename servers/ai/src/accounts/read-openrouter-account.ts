import { AppError } from "@sophia/core/errors/app-error";
import type { OpenRouterClient, OpenRouterCredits } from "@sophia/vendors/openrouter/client";

/** Money of an account, USD, as far as the provider tells. */
export interface AccountFacts {
  boughtUsd?: number;
  /** Of all time. */
  usedUsd?: number;
  /** What may still be spent: the lesser of the account's credit and the key's limit. */
  remainingUsd?: number;
  usedTodayUsd?: number;
  usedThisMonthUsd?: number;
  keyLimitUsd?: number;
  /** `daily`, `weekly` or `monthly`. */
  keyLimitReset?: string;
  keyExpiresAt?: string;
  /** Of a gateway: what its log counts since the first of the month, UTC. */
  requestsThisMonth?: number;
  errorsThisMonth?: number;
  cacheHitsThisMonth?: number;
  /** Days until nothing remains at this month's pace. */
  daysLeft?: number;
}

const minimumPaceUsd = 0.01;

/** The key tells of itself; the account's credit only to a key that manages it. */
export async function readOpenRouterAccount(
  { client, now }: { client: Pick<OpenRouterClient, "key" | "credits">; now: number },
  signal: AbortSignal,
): Promise<AccountFacts> {
  const [key, credits] = await Promise.all([client.key(signal), readCredits(client, signal)]);
  const left = [key.remainingUsd, credits && credits.boughtUsd - credits.usedUsd].filter((usd) => usd !== undefined);
  const remainingUsd = left.length > 0 ? Math.min(...left) : undefined;
  const { day, month } = key.usedUsd;
  return {
    ...(credits && { boughtUsd: credits.boughtUsd }),
    usedUsd: credits?.usedUsd ?? key.usedUsd.total,
    usedTodayUsd: day,
    usedThisMonthUsd: month,
    ...(remainingUsd !== undefined && { remainingUsd, ...estimateDays(remainingUsd, month, now) }),
    ...(key.limitUsd !== undefined && { keyLimitUsd: key.limitUsd }),
    ...(key.limitReset !== undefined && { keyLimitReset: key.limitReset }),
    ...(key.expiresAt !== undefined && { keyExpiresAt: key.expiresAt }),
  };
}

async function readCredits(
  client: Pick<OpenRouterClient, "credits">,
  signal: AbortSignal,
): Promise<OpenRouterCredits | undefined> {
  try {
    return await client.credits(signal);
  } catch (error) {
    if (error instanceof AppError && error.kind === "denied") return undefined;
    throw error;
  }
}

function estimateDays(remainingUsd: number, usedThisMonthUsd: number, now: number): { daysLeft?: number } {
  const date = new Date(now);
  const daysOfMonth = date.getUTCDate() - 1 + date.getUTCHours() / 24;
  // The first hours of a month say nothing about its pace, nor does loose change.
  if (daysOfMonth < 1 || usedThisMonthUsd < minimumPaceUsd) return {};
  return { daysLeft: Math.max(0, Math.floor(remainingUsd / (usedThisMonthUsd / daysOfMonth))) };
}
