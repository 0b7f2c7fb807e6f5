import { z } from "zod";

/** What was used and spent, as tools tell it. */
export const UsageFigures = z.object({
  calls: z.int(),
  errors: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  cachedInputTokens: z.int().describe("Part of inputTokens read at the provider's lower price."),
  costUsd: z.number(),
  estimatedUsd: z.number().describe("Part of costUsd whose tokens were counted here, not by the provider."),
  unpricedCalls: z.int().describe("Calls of models in no price list; they count as 0 USD."),
  p50Ms: z.number().optional().describe("Median time to the whole answer, to 2 %."),
  p95Ms: z.number().optional(),
  exactHits: z.int().describe("Answered from cache, the same request."),
  semanticHits: z.int().describe("Answered from cache, the same meaning."),
  sharedHits: z.int().describe("Answered by another's equal request on its way."),
  bypassed: z.int().describe("Did not look in the cache."),
  hitShare: z.number().describe("All hits of all calls, 0 to 1."),
});

export const SavingsFigures = z.object({
  baselineModel: z.string().describe("What the saving is counted against."),
  baselineUsd: z.number().describe("The same tokens at the baseline model, without cache and routing."),
  actualUsd: z.number().describe("What these calls cost, with our own checks and evaluations."),
  savedUsd: z.number(),
  savedShare: z.number().describe("Of baselineUsd, 0 to 1."),
  shareLower: z.number().optional().describe("95 % interval of savedShare: days (hours) drawn anew."),
  shareUpper: z.number().optional(),
  blocks: z.int().describe("Days or hours the interval rests on."),
  comparedCalls: z.int().describe("Calls with a baseline price."),
  totalCalls: z.int(),
});

export const ForecastFigures = z.object({
  month: z.string().describe("The running month, UTC."),
  spentUsd: z.number(),
  expectedUsd: z.number().describe("The whole month."),
  lowerUsd: z.number().describe("95 % interval of the whole month."),
  upperUsd: z.number(),
  method: z.string().describe("Which forecast its own past best."),
  days: z.int().describe("Days of history."),
});

export const UnusualDayFigures = z.object({
  day: z.string(),
  of: z.enum(["all", "model", "caller"]).describe("Whose spending."),
  name: z.string().optional(),
  costUsd: z.number(),
  expectedUsd: z.number(),
  score: z.number().describe("How many usual deviations away; from 3.5 on it is unusual."),
  driver: z
    .object({ dimension: z.string(), name: z.string(), share: z.number(), because: z.string() })
    .optional()
    .describe("What explains most of the difference."),
});

export const AdviceFigures = z.object({ kind: z.string(), saveUsdPerYear: z.number(), text: z.string() });

export const BudgetFigures = z.object({
  caller: z.string().describe("Name of the key, or all."),
  window: z.enum(["day", "month"]).describe("The last 24 hours or 30 days, at any time."),
  limitUsd: z.number(),
  spentUsd: z.number(),
  share: z.number().describe("Of the limit; from 1 on calls are refused."),
  warning: z.union([z.literal(50), z.literal(80), z.literal(100)]).optional(),
});

export const SeriesPoint = z.object({ time: z.string(), costUsd: z.number(), calls: z.int() });
