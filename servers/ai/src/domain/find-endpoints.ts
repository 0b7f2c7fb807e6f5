import { createHttp } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import { z } from "zod";
import type { AiConfig } from "../config.ts";
import { describeBaseUrl, type ModelEndpoint } from "./endpoint.ts";

/** Where model servers listen by default: Ollama, vLLM, llama.cpp. */
const localUrls = ["http://127.0.0.1:11434/v1", "http://127.0.0.1:8000/v1", "http://127.0.0.1:8080/v1"] as const;
const probeTimeoutMs = 400;
const defaultBaseUrl = "https://api.openai.com/v1";

/** Other servers answer on these ports too; only a list of models in the OpenAI shape counts. */
const ModelListShape = z.object({ object: z.literal("list"), data: z.array(z.object({ id: z.string() })).min(1) });

/** The configured endpoint first, then what answers on this machine. Empty when there is neither. */
export async function findEndpoints(
  settings: AiConfig,
  options: { log: Logger; clock: Clock; localUrls?: readonly string[] },
): Promise<ModelEndpoint[]> {
  const configured = readConfigured(settings);
  if (!settings.SOPHIA_AI_LOCAL_MODELS) return configured;
  const candidates = (options.localUrls ?? localUrls).filter((url) => url !== configured[0]?.baseUrl);
  const answering = await Promise.all(candidates.map((url) => answers(url, options)));
  const local = candidates.filter((_, index) => answering[index]);
  return [...configured, ...local.map((baseUrl) => ({ ...describeBaseUrl(baseUrl), baseUrl, models: [] }))];
}

function readConfigured(settings: AiConfig): ModelEndpoint[] {
  const apiKey = settings.SOPHIA_OPENAI_API_KEY;
  if (!settings.SOPHIA_OPENAI_BASE_URL && !apiKey) return [];
  const baseUrl = (settings.SOPHIA_OPENAI_BASE_URL ?? defaultBaseUrl).replace(/\/+$/, "");
  return [{ ...describeBaseUrl(baseUrl), baseUrl, ...(apiKey && { apiKey }), models: settings.SOPHIA_OPENAI_MODELS }];
}

async function answers(baseUrl: string, options: { log: Logger; clock: Clock }): Promise<boolean> {
  const http = createHttp({ service: "local-models", baseUrl, attempts: 1, maxBytes: 4 * 1024 * 1024, ...options });
  try {
    await http.request({ path: "/models", schema: ModelListShape, timeoutMs: probeTimeoutMs });
    return true;
  } catch {
    // Nobody there, or somebody else: both are the usual case.
    return false;
  } finally {
    await http.close();
  }
}
