import { z } from "zod";

const Usd = z.number();

/** https://openrouter.ai/docs/api-reference/credits/get-credits */
export const Credits = z.object({ data: z.object({ total_credits: Usd, total_usage: Usd }) });

/** https://openrouter.ai/docs/api-reference/api-keys/get-current-key */
export const Key = z.object({
  data: z.object({
    label: z.string(),
    limit: Usd.nullable(),
    limit_remaining: Usd.nullable(),
    limit_reset: z.string().nullish(),
    usage: Usd,
    usage_daily: Usd,
    usage_weekly: Usd,
    usage_monthly: Usd,
    is_free_tier: z.boolean(),
    is_management_key: z.boolean().nullish(),
    expires_at: z.string().nullish(),
  }),
});

const Count = z.number().int().min(0).nullish();

/** https://openrouter.ai/docs/api-reference/get-a-generation */
export const Generation = z.object({
  data: z.object({
    id: z.string(),
    model: z.string(),
    provider_name: z.string().nullish(),
    created_at: z.string(),
    total_cost: Usd,
    upstream_inference_cost: Usd.nullish(),
    cache_discount: Usd.nullish(),
    native_tokens_prompt: Count,
    native_tokens_completion: Count,
    native_tokens_cached: Count,
    native_tokens_reasoning: Count,
    latency: z.number().nullish(),
    generation_time: z.number().nullish(),
    finish_reason: z.string().nullish(),
    cancelled: z.boolean().nullish(),
    streamed: z.boolean().nullish(),
  }),
});

/** https://openrouter.ai/docs/api-reference/providers/list-providers */
export const Providers = z.object({ data: z.array(z.object({ name: z.string(), slug: z.string() })).max(2_000) });

const Percentiles = z.object({ p50: z.number(), p90: z.number(), p99: z.number() }).nullish();

/** https://openrouter.ai/docs/api-reference/endpoints/list-endpoints */
export const Endpoints = z.object({
  data: z.object({
    id: z.string(),
    endpoints: z
      .array(
        z.object({
          provider_name: z.string(),
          tag: z.string(),
          context_length: z.number(),
          quantization: z.string().nullish(),
          pricing: z.unknown(),
          supported_parameters: z.array(z.string()),
          uptime_last_30m: z.number().nullish(),
          latency_last_30m: Percentiles,
          throughput_last_30m: Percentiles,
        }),
      )
      .max(500),
  }),
});

/** https://openrouter.ai/docs/api-reference/analytics/get-activity */
export const Activity = z.object({
  data: z
    .array(
      z.object({
        date: z.string(),
        model: z.string(),
        provider_name: z.string(),
        usage: Usd,
        requests: z.number(),
        prompt_tokens: z.number(),
        completion_tokens: z.number(),
        reasoning_tokens: z.number(),
      }),
    )
    .max(200_000),
});
