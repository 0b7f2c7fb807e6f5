import { z } from "zod";

/** Tokens of one call. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  /** Part of inputTokens that the provider had in its prompt cache. */
  cachedInputTokens: number;
  /** Part of inputTokens that it wrote into its prompt cache, where that is charged apart. */
  cacheWriteTokens?: number;
  /** What the provider says it charges, USD. */
  statedCostUsd?: number;
  /** Counted by us from the text, because the provider did not say. */
  estimated: boolean;
}

const Count = z.number().int().min(0).max(1e9);

/** `usage` of a completion; `cost` is OpenRouter's. https://openrouter.ai/docs/use-cases/usage-accounting */
const ProviderUsage = z.object({
  prompt_tokens: Count,
  completion_tokens: Count.optional().default(0),
  prompt_tokens_details: z.object({ cached_tokens: Count.nullish(), cache_write_tokens: Count.nullish() }).nullish(),
  cost: z.number().min(0).max(1e6).nullish(),
});

export function parseUsage(value: unknown): Usage | undefined {
  return readPlain(value) ?? readBySchema(value);
}

const maxCount = 1e9;

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= maxCount;
}

/** Two counts and no details, as most answers have it. */
function readPlain(value: unknown): Usage | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: details, cost } = value as RawUsage;
  const isPlain = (details ?? undefined) === undefined && (cost ?? undefined) === undefined;
  if (!isPlain || !isCount(input) || !isCount(output)) return undefined;
  return { inputTokens: input, outputTokens: output, cachedInputTokens: 0, estimated: false };
}

type RawUsage = Partial<Record<"prompt_tokens" | "completion_tokens" | "prompt_tokens_details" | "cost", unknown>>;

function readBySchema(value: unknown): Usage | undefined {
  const parsed = ProviderUsage.safeParse(value);
  if (!parsed.success) return undefined;
  const { prompt_tokens, completion_tokens, prompt_tokens_details, cost } = parsed.data;
  const written = prompt_tokens_details?.cache_write_tokens;
  return {
    inputTokens: prompt_tokens,
    outputTokens: completion_tokens,
    cachedInputTokens: Math.min(prompt_tokens, prompt_tokens_details?.cached_tokens ?? 0),
    ...(typeof written === "number" && written > 0 && { cacheWriteTokens: written }),
    ...(typeof cost === "number" && { statedCostUsd: cost }),
    estimated: false,
  };
}

/** Four bytes a token, the usual rule of thumb for English; other scripts come out higher, which is the safe side. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}
