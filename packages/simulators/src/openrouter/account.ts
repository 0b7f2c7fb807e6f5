/** What `/generation` tells of one call. */
export interface Generation {
  id: string;
  apiType: "completions" | "embeddings" | "rerank";
  model: string;
  provider: string;
  promptTokens: number;
  completionTokens: number;
  costUsd: number;
  streamed: boolean;
  cancelled: boolean;
  finishReason: string | null;
  createdAt: number;
  latencyMs: number;
}

/** Credit, the key's limit, and what was made. */
export interface Account {
  /** Why nothing more may be bought; `undefined` when it may. */
  refusal(): "credits" | "key limit" | undefined;
  /** Charges and remembers. */
  book(generation: Generation): void;
  find(id: string): Generation | undefined;
  credits(): { total_credits: number; total_usage: number };
  key(): Record<string, unknown>;
  activity(): Record<string, unknown>[];
}

const kept = 2_000;

export function createAccount(options: {
  credits: number;
  keyLimit?: number | undefined;
  isManagement: boolean;
}): Account {
  const generations = new Map<string, Generation>();
  const days = new Map<string, Record<string, unknown> & { requests: number; usage: number }>();
  const { credits, keyLimit = null } = options;
  let usage = 0;

  function addToDay(generation: Generation): void {
    const date = new Date(generation.createdAt).toISOString().slice(0, 10);
    const name = `${date} ${generation.model} ${generation.provider}`;
    const day = days.get(name);
    days.set(name, {
      date,
      model: generation.model,
      model_permaslug: generation.model,
      endpoint_id: `ep-${generation.provider.toLowerCase()}`,
      provider_name: generation.provider,
      byok_usage_inference: 0,
      reasoning_tokens: 0,
      requests: (day?.requests ?? 0) + 1,
      usage: (day?.usage ?? 0) + generation.costUsd,
      prompt_tokens: Number(day?.["prompt_tokens"] ?? 0) + generation.promptTokens,
      completion_tokens: Number(day?.["completion_tokens"] ?? 0) + generation.completionTokens,
    });
  }

  return {
    refusal() {
      if (usage >= credits) return "credits";
      return keyLimit !== null && usage >= keyLimit ? "key limit" : undefined;
    },
    book(generation) {
      usage += generation.costUsd;
      generations.set(generation.id, generation);
      const [oldest] = generations.keys();
      if (generations.size > kept && oldest !== undefined) generations.delete(oldest);
      addToDay(generation);
    },
    find: (id) => generations.get(id),
    credits: () => ({ total_credits: credits, total_usage: usage }),
    key: () => describeKey({ usage, limit: keyLimit, isManagement: options.isManagement }),
    activity: () => [...days.values()],
  };
}

/** https://openrouter.ai/docs/api-reference/api-keys/get-current-key */
function describeKey(key: { usage: number; limit: number | null; isManagement: boolean }): Record<string, unknown> {
  const { usage, limit, isManagement } = key;
  return {
    label: "sk-or-v1-sim...key",
    limit,
    limit_remaining: limit === null ? null : Math.max(0, limit - usage),
    limit_reset: null,
    include_byok_in_limit: false,
    usage,
    usage_daily: usage,
    usage_weekly: usage,
    usage_monthly: usage,
    byok_usage: 0,
    byok_usage_daily: 0,
    byok_usage_weekly: 0,
    byok_usage_monthly: 0,
    is_free_tier: false,
    is_management_key: isManagement,
    is_provisioning_key: isManagement,
    creator_user_id: "user_simulated",
    // These four are demanded by the vendor's SDK of September 2026 and not in its specification of August.
    organization_id: null,
    workspace_id: null,
    allowed_data_regions: ["global"],
    free_model_daily_requests: { limit: 1_000, remaining: 1_000, used: 0 },
    rate_limit: { requests: -1, interval: "10s", note: "This field is deprecated and safe to ignore." },
  };
}

/** https://openrouter.ai/docs/api-reference/get-a-generation */
export function describeGeneration(generation: Generation): Record<string, unknown> {
  const { promptTokens, completionTokens, costUsd } = generation;
  return {
    id: generation.id,
    upstream_id: null,
    api_type: generation.apiType,
    model: generation.model,
    provider_name: generation.provider,
    provider_responses: null,
    created_at: new Date(generation.createdAt).toISOString(),
    tokens_prompt: promptTokens,
    tokens_completion: completionTokens,
    native_tokens_prompt: promptTokens,
    native_tokens_completion: completionTokens,
    native_tokens_completion_images: null,
    native_tokens_reasoning: 0,
    native_tokens_cached: 0,
    total_cost: costUsd,
    usage: costUsd,
    upstream_inference_cost: null,
    cache_discount: null,
    is_byok: false,
    streamed: generation.streamed,
    cancelled: generation.cancelled,
    finish_reason: generation.finishReason,
    native_finish_reason: generation.finishReason,
    latency: generation.latencyMs,
    moderation_latency: null,
    generation_time: generation.latencyMs,
    origin: "",
    app_id: null,
    external_user: null,
    http_referer: null,
    num_fetches: null,
    num_input_audio_prompt: null,
    num_media_completion: null,
    num_media_prompt: null,
    num_search_results: null,
    preset_id: null,
    router: null,
    service_tier: null,
    user_agent: null,
    web_search_engine: null,
    data_region: "global",
    workspace_id: null,
  };
}
