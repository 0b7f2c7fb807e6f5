import { sendJson } from "../openai/json-body.ts";
import { serve } from "../openai/serve.ts";

export interface VllmSimulator {
  /** Without a path. */
  url: string;
  setLoad(load: { running: number; waiting: number }): void;
  setHealthy(healthy: boolean): void;
  close(): Promise<void>;
}

/** vLLM on loopback, as far as its state goes: health, metrics, models. https://docs.vllm.ai/en/latest/usage/metrics */
export async function startVllmSimulator(): Promise<VllmSimulator> {
  let load = { running: 0, waiting: 0 };
  let healthy = true;
  const served = await serve(async (request, response) => {
    if (request.url === "/health") return void response.writeHead(healthy ? 200 : 503).end();
    if (request.url === "/metrics") {
      return void response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(buildMetrics(load));
    }
    if (request.url === "/v1/models") {
      const model = {
        id: "simulated/small",
        object: "model",
        created: 1_750_000_000,
        owned_by: "vllm",
        max_model_len: 16_384,
      };
      return sendJson(response, 200, { object: "list", data: [model] });
    }
    response.writeHead(404).end();
  });
  return {
    url: served.origin,
    setLoad: (next) => void (load = next),
    setHealthy: (next) => void (healthy = next),
    close: served.close,
  };
}

function buildMetrics({ running, waiting }: { running: number; waiting: number }): string {
  const label = '{engine="0",model_name="simulated/small"}';
  return [
    "# HELP vllm:num_requests_running Number of requests in model execution batches.",
    "# TYPE vllm:num_requests_running gauge",
    `vllm:num_requests_running${label} ${running.toFixed(1)}`,
    "# TYPE vllm:num_requests_waiting gauge",
    `vllm:num_requests_waiting${label} ${waiting.toFixed(1)}`,
    "# TYPE vllm:kv_cache_usage_perc gauge",
    `vllm:kv_cache_usage_perc${label} ${(running / 100).toFixed(3)}`,
    "",
  ].join("\n");
}
