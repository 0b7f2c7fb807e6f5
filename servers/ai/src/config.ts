import { secretString } from "@sophia/core/config/parse-config";
import { decimalSetting, listSetting, switchSetting, urlSetting } from "@sophia/core/config/setting-schemas";
import { z } from "zod";

/** The variables of the AI server, beside those of the platform. */
export const AiConfig = z.object({
  SOPHIA_OPENAI_BASE_URL: urlSetting(["http:", "https:"])
    .optional()
    .describe(
      "Base URL of an OpenAI-compatible endpoint, with its /v1. Default with a key: https://api.openai.com/v1.",
    ),
  SOPHIA_OPENAI_API_KEY: secretString().optional().describe("Its key."),
  SOPHIA_OPENAI_MODELS: listSetting().describe(
    "Models to offer, separated by commas; the first is the default. Empty: all that the endpoint lists.",
  ),
  SOPHIA_AI_LOCAL_MODELS: switchSetting(true).describe(
    "Look for model servers on this machine at start (Ollama 11434, vLLM 8000, llama.cpp 8080).",
  ),
  SOPHIA_AI_CACHE_TTL_HOURS: decimalSetting({ minimum: 0, maximum: 8_760 })
    .default(24)
    .describe("How long an answer may be given again, in hours; 0 turns the cache off."),
});
export type AiConfig = z.output<typeof AiConfig>;
