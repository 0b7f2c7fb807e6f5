import type { Candidate } from "./candidate.ts";

export interface ExpectedCost {
  costUsd: number;
  /** What the same call would cost more without the provider's prompt cache. */
  savingUsd: number;
}

const million = 1_000_000;

/** What a call will cost, when `cachedInputTokens` of its input are expected in the provider's prompt cache. */
export function expectedCost(
  { price }: Pick<Candidate, "price">,
  expected: { inputTokens: number; outputTokens: number },
  cachedInputTokens: number = 0,
): ExpectedCost {
  const cached = Math.min(cachedInputTokens, expected.inputTokens);
  const discount = price.inputUsdPerMillion - (price.cachedInputUsdPerMillion ?? price.inputUsdPerMillion);
  const fullUsd =
    (expected.inputTokens * price.inputUsdPerMillion + expected.outputTokens * price.outputUsdPerMillion) / million;
  const savingUsd = (cached * discount) / million;
  return { costUsd: fullUsd - savingUsd, savingUsd };
}
