import { z } from "zod";
import type { Usage } from "./usage.ts";

/** Prices in USD per token, and per request. */
export interface TokenRates {
  input: number;
  output: number;
  /** Of input the provider had in its prompt cache. Absent: as `input`. */
  cachedInput?: number | undefined;
  /** Of input it writes into its prompt cache. Absent: as `input`. */
  cacheWrite?: number | undefined;
  perRequest?: number | undefined;
}

/** Other rates for long prompts or at certain hours; what is not named stays as it is. */
export interface RateOverride extends Partial<TokenRates> {
  /** Holds when the prompt has more tokens than this. */
  minInputTokens?: number | undefined;
  /** Holds from the first to before the second minute of the UTC day; may wrap past midnight. */
  utcMinutes?: readonly [from: number, until: number] | undefined;
}

/** What a provider's list says a model costs. */
export interface ListedPrice extends TokenRates {
  /** All that hold apply, later ones over earlier ones. */
  overrides: readonly RateOverride[];
}

type CountedTokens = Pick<Usage, "inputTokens" | "outputTokens" | "cachedInputTokens" | "cacheWriteTokens">;

/** USD for one call. `at` is wall clock, milliseconds since 1970. */
export function computeListedCost(price: ListedPrice, usage: CountedTokens, at: number): number {
  const rates = ratesAt(price, usage.inputTokens, at);
  const { inputTokens, outputTokens, cachedInputTokens: cached, cacheWriteTokens: written = 0 } = usage;
  const plain = Math.max(0, inputTokens - cached - written);
  return (
    (rates.perRequest ?? 0) +
    plain * rates.input +
    cached * (rates.cachedInput ?? rates.input) +
    written * (rates.cacheWrite ?? rates.input) +
    outputTokens * rates.output
  );
}

/** The rates that hold for a prompt of this length at this time. */
export function ratesAt(price: ListedPrice, inputTokens: number, at: number): TokenRates {
  if (price.overrides.length === 0) return price;
  const { overrides, ...base } = price;
  const date = new Date(at);
  const minute = date.getUTCHours() * 60 + date.getUTCMinutes();
  return overrides.filter((override) => holds(override, inputTokens, minute)).reduce<TokenRates>(overlay, base);
}

function holds({ minInputTokens, utcMinutes }: RateOverride, inputTokens: number, minute: number): boolean {
  if (minInputTokens !== undefined && inputTokens <= minInputTokens) return false;
  if (utcMinutes === undefined) return true;
  const [from, until] = utcMinutes;
  return from <= until ? minute >= from && minute < until : minute >= from || minute < until;
}

function overlay(rates: TokenRates, override: RateOverride): TokenRates {
  return {
    input: override.input ?? rates.input,
    output: override.output ?? rates.output,
    cachedInput: override.cachedInput ?? rates.cachedInput,
    cacheWrite: override.cacheWrite ?? rates.cacheWrite,
    perRequest: override.perRequest ?? rates.perRequest,
  };
}

/** A model whose price is decided only by the call ("-1") has none that could be listed. */
const Rate = z.coerce.number().min(0).max(1_000);
const ClockNumber = z.number().int().min(0).max(2_400);

// https://openrouter.ai/docs/guides/overview/models
const PerToken = z.object({
  prompt: Rate,
  completion: Rate,
  input_cache_read: Rate.optional(),
  input_cache_write: Rate.optional(),
  request: Rate.optional(),
  overrides: z
    .array(
      z.object({
        prompt: Rate.optional(),
        completion: Rate.optional(),
        input_cache_read: Rate.optional(),
        input_cache_write: Rate.optional(),
        min_prompt_tokens: z.number().min(0).optional(),
        utc_start: ClockNumber.optional(),
        utc_end: ClockNumber.optional(),
      }),
    )
    .max(50)
    .optional(),
});

// https://docs.together.ai/reference/models-1
const PerMillion = z.object({
  input: z.number().min(0).max(1e6),
  output: z.number().min(0).max(1e6),
  cached_input: z.number().min(0).max(1e6).nullish(),
});

/**
 * The `pricing` of an entry in a provider's list: strings in USD per token (OpenRouter), or numbers in USD per million
 * tokens (Together). `undefined` when it is neither, or says that no fixed price exists.
 */
export function parseListedPrice(pricing: unknown): ListedPrice | undefined {
  const perToken = PerToken.safeParse(pricing);
  if (perToken.success) {
    const { overrides = [], ...rates } = perToken.data;
    return { ...toRates(rates), input: rates.prompt, output: rates.completion, overrides: overrides.map(toOverride) };
  }
  const perMillion = PerMillion.safeParse(pricing);
  if (!perMillion.success) return undefined;
  const { input, output, cached_input: cached } = perMillion.data;
  return {
    input: toPerToken(input),
    output: toPerToken(output),
    ...(typeof cached === "number" && { cachedInput: toPerToken(cached) }),
    overrides: [],
  };
}

/** Without the last digits of binary fractions. */
function toPerToken(perMillion: number): number {
  return Number((perMillion / 1e6).toPrecision(12));
}

type WordedRates = Omit<z.output<typeof PerToken>, "overrides" | "prompt" | "completion"> & {
  prompt?: number | undefined;
  completion?: number | undefined;
};

function toRates(worded: WordedRates): RateOverride {
  return {
    ...(worded.prompt !== undefined && { input: worded.prompt }),
    ...(worded.completion !== undefined && { output: worded.completion }),
    ...(worded.input_cache_read !== undefined && { cachedInput: worded.input_cache_read }),
    ...(worded.input_cache_write !== undefined && { cacheWrite: worded.input_cache_write }),
    ...(worded.request !== undefined && { perRequest: worded.request }),
  };
}

function toOverride(worded: NonNullable<z.output<typeof PerToken>["overrides"]>[number]): RateOverride {
  const { utc_start: start, utc_end: end, min_prompt_tokens: minimum } = worded;
  return {
    ...toRates(worded),
    ...(minimum !== undefined && { minInputTokens: minimum }),
    ...(start !== undefined && end !== undefined && { utcMinutes: [toMinute(start), toMinute(end)] as const }),
  };
}

/** 1030 is half past ten. */
function toMinute(clockNumber: number): number {
  return Math.floor(clockNumber / 100) * 60 + (clockNumber % 100);
}
