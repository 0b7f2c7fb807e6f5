// https://docs.vllm.ai/en/latest/usage/metrics
import type { Secret } from "@sophia/core/config/secret";
import { createHttp } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import { z } from "zod";

/** How busy a vLLM process is. */
export interface VllmLoad {
  running: number;
  waiting: number;
  /** Share of the memory for attention keys and values that is in use, 0 to 1. */
  cacheUsage?: number;
}

/** What vLLM knows beside the OpenAI shape, which it also speaks. */
export interface VllmClient {
  isHealthy(signal: AbortSignal): Promise<boolean>;
  /** `undefined` where the metrics are not vLLM's. */
  fetchLoad(signal: AbortSignal): Promise<VllmLoad | undefined>;
  close(): Promise<void>;
}

/** `baseUrl` without `/v1`. */
export function createVllmClient(options: { baseUrl: string; apiKey?: Secret; log: Logger; clock: Clock }): VllmClient {
  const { apiKey, ...rest } = options;
  const auth = apiKey && ({ in: "bearer", secret: apiKey } as const);
  const http = createHttp({ service: "vllm", attempts: 1, timeoutMs: 5_000, ...rest, ...(auth && { auth }) });
  return {
    async isHealthy(signal) {
      try {
        await http.request({ path: "/health", as: "text", schema: z.unknown(), signal, operation: "health" });
        return true;
      } catch {
        signal.throwIfAborted();
        return false;
      }
    },
    async fetchLoad(signal) {
      const request = { path: "/metrics", as: "text", schema: z.string(), maxBytes: 4 * 1024 * 1024 } as const;
      const { data } = await http.request({ ...request, signal, operation: "metrics" });
      const running = sumGauge(data, "vllm:num_requests_running");
      const waiting = sumGauge(data, "vllm:num_requests_waiting");
      if (running === undefined || waiting === undefined) return undefined;
      // The first name is the newer one.
      const usage = sumGauge(data, "vllm:kv_cache_usage_perc") ?? sumGauge(data, "vllm:gpu_cache_usage_perc");
      return { running, waiting, ...(usage !== undefined && { cacheUsage: usage }) };
    },
    close: () => http.close(),
  };
}

/** Prometheus text: the sum over all label sets; `undefined` when the name is not there. */
function sumGauge(text: string, name: string): number | undefined {
  const values = text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)))
    .filter(Number.isFinite);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}
