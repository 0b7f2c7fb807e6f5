import type { Secret } from "@sophia/core/config/secret";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { Logger } from "pino";
import type { z } from "zod";
import { type ListedPrice, parseListedPrice } from "../openai-shape/listed-price.ts";
import { explainFailure } from "../openai-shape/provider-errors.ts";
import { openrouterProvider } from "./provider.ts";
import { Activity, Credits, Endpoints, Generation, Key, Providers } from "./schemas.ts";

export interface OpenRouterClientOptions {
  apiKey: Secret;
  /** With `/api/v1`. Default: the vendor's. */
  baseUrl?: string;
  log: Logger;
  clock: Clock;
  observer?: HttpObserver;
  pacer?: Pacer;
}

/** What is left to spend, USD. */
export interface OpenRouterCredits {
  boughtUsd: number;
  usedUsd: number;
}

export interface OpenRouterKey {
  label: string;
  /** Most the key may spend, USD; absent: no limit. */
  limitUsd?: number;
  remainingUsd?: number;
  /** `daily`, `weekly`, `monthly`; absent: never. */
  limitReset?: string;
  usedUsd: { total: number; day: number; week: number; month: number };
  isFreeTier: boolean;
  /** Only such a key may read credits and activity. */
  isManagementKey: boolean;
  expiresAt?: string;
}

export interface OpenRouterPlace {
  provider: string;
  slug: string;
  contextLength: number;
  quantization?: string;
  price?: ListedPrice;
  supportedParameters: string[];
  /** Percent of the last half hour. */
  uptimePercent?: number;
  /** To the first token, milliseconds. */
  latencyMs?: { p50: number; p90: number; p99: number };
  tokensPerSecond?: { p50: number; p90: number; p99: number };
}

export interface OpenRouterClient {
  /** Needs a management key. */
  credits(signal: AbortSignal): Promise<OpenRouterCredits>;
  key(signal: AbortSignal): Promise<OpenRouterKey>;
  /** What a call came to, a moment after it ended. Throws AppError `not_found` until then. */
  generation(id: string, signal: AbortSignal): Promise<z.output<typeof Generation>["data"]>;
  /** Who serves a model, e.g. `openai/gpt-4o-mini`. */
  places(model: string, signal: AbortSignal): Promise<OpenRouterPlace[]>;
  providers(signal: AbortSignal): Promise<{ name: string; slug: string }[]>;
  /** Use by day, model and provider of the last 30 whole days. Needs a management key. */
  activity(signal: AbortSignal): Promise<z.output<typeof Activity>["data"]>;
  close(): Promise<void>;
}

/** OpenRouter beyond the OpenAI shape; models are asked through `createOpenAiClient` with its profile. */
export function createOpenRouterClient(options: OpenRouterClientOptions): OpenRouterClient {
  const http = createHttp({
    service: "openrouter",
    baseUrl: options.baseUrl ?? openrouterProvider.baseUrl,
    auth: { in: "bearer", secret: options.apiKey },
    log: options.log,
    clock: options.clock,
    ...(options.observer && { observer: options.observer }),
    ...(options.pacer && { pacer: options.pacer }),
    explain: explainFailure,
  });
  async function read<T>(path: string, schema: z.ZodType<{ data: T }>, signal: AbortSignal, query?: { id: string }) {
    const reply = await http.request({ path, schema, signal, operation: "account", ...(query && { query }) });
    return reply.data.data;
  }

  return {
    async credits(signal) {
      const { total_credits: boughtUsd, total_usage: usedUsd } = await read("/credits", Credits, signal);
      return { boughtUsd, usedUsd };
    },
    key: async (signal) => toKey(await read("/key", Key, signal)),
    generation: (id, signal) => read("/generation", Generation, signal, { id }),
    async places(model, signal) {
      const [author = "", slug = ""] = model.split("/");
      const { endpoints } = await read(apiPath`/models/${author}/${slug}/endpoints`, Endpoints, signal);
      return endpoints.map(toPlace);
    },
    providers: (signal) => read("/providers", Providers, signal),
    activity: (signal) => read("/activity", Activity, signal),
    close: () => http.close(),
  };
}

function toKey(key: z.output<typeof Key>["data"]): OpenRouterKey {
  return {
    label: key.label,
    ...(key.limit !== null && { limitUsd: key.limit }),
    ...(key.limit_remaining !== null && { remainingUsd: key.limit_remaining }),
    ...(typeof key.limit_reset === "string" && { limitReset: key.limit_reset }),
    usedUsd: { total: key.usage, day: key.usage_daily, week: key.usage_weekly, month: key.usage_monthly },
    isFreeTier: key.is_free_tier,
    isManagementKey: key.is_management_key ?? false,
    ...(typeof key.expires_at === "string" && { expiresAt: key.expires_at }),
  };
}

function toPlace(endpoint: z.output<typeof Endpoints>["data"]["endpoints"][number]): OpenRouterPlace {
  const price = parseListedPrice(endpoint.pricing);
  return {
    provider: endpoint.provider_name,
    slug: endpoint.tag,
    contextLength: endpoint.context_length,
    ...(typeof endpoint.quantization === "string" && { quantization: endpoint.quantization }),
    ...(price && { price }),
    supportedParameters: endpoint.supported_parameters,
    ...(typeof endpoint.uptime_last_30m === "number" && { uptimePercent: endpoint.uptime_last_30m }),
    ...(endpoint.latency_last_30m && { latencyMs: endpoint.latency_last_30m }),
    ...(endpoint.throughput_last_30m && { tokensPerSecond: endpoint.throughput_last_30m }),
  };
}
