import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import type { AiConfig } from "../config.ts";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { describeBaseUrl } from "./describe-base-url.ts";
import { findLocalModels, localModelUrls } from "./local-models.ts";

const defaultBaseUrl = "https://api.openai.com/v1";

type ConfiguredSettings = Pick<AiConfig, "SOPHIA_OPENAI_BASE_URL" | "SOPHIA_OPENAI_API_KEY" | "SOPHIA_OPENAI_MODELS">;

/** The configured endpoint first, then what answers on this machine. Empty when there is neither. */
export async function findEndpoints(
  settings: AiConfig,
  options: { log: Logger; clock: Clock; localUrls?: readonly string[] },
): Promise<ModelEndpoint[]> {
  const configured = readConfigured(settings);
  if (!settings.SOPHIA_AI_LOCAL_MODELS) return configured;
  const candidates = (options.localUrls ?? localModelUrls).filter((url) => url !== configured[0]?.baseUrl);
  const local = await findLocalModels(candidates, options);
  return [...configured, ...local.map((baseUrl) => ({ ...describeBaseUrl(baseUrl), baseUrl, models: [] }))];
}

/** At most one: what SOPHIA_OPENAI_… names. */
export function readConfigured(settings: ConfiguredSettings): ModelEndpoint[] {
  const apiKey = settings.SOPHIA_OPENAI_API_KEY;
  if (!settings.SOPHIA_OPENAI_BASE_URL && !apiKey) return [];
  const baseUrl = (settings.SOPHIA_OPENAI_BASE_URL ?? defaultBaseUrl).replace(/\/+$/, "");
  return [{ ...describeBaseUrl(baseUrl), baseUrl, ...(apiKey && { apiKey }), models: settings.SOPHIA_OPENAI_MODELS }];
}
