import { secretString } from "@sophia/core/config/parse-config";
import { decimalSetting, listSetting, switchSetting, urlSetting } from "@sophia/core/config/setting-schemas";
import { dataPolicies } from "@sophia/core/routing/data-policy";
import { arize } from "@sophia/vendors/arize/service";
import { huggingface } from "@sophia/vendors/huggingface/service";
import { openrouter } from "@sophia/vendors/openrouter/service";
import { portkey } from "@sophia/vendors/portkey/service";
import { together } from "@sophia/vendors/together/service";
import { z } from "zod";
import { endpointSetting } from "./domain/endpoint-setting.ts";

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
  SOPHIA_AI_DEFAULT_MODEL: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe("The model that answers for auto while too little is known to choose, as list_models names it."),
  SOPHIA_AI_LOCAL_MODELS: switchSetting(true).describe(
    "Look for model servers on this machine at start (Ollama 11434, vLLM 8000, llama.cpp 8080).",
  ),
  SOPHIA_AI_CACHE_TTL_HOURS: decimalSetting({ minimum: 0, maximum: 8_760 })
    .default(24)
    .describe("How long an answer may be given again, in hours; 0 turns the cache off."),
  SOPHIA_AI_SEMANTIC_CACHE: switchSetting(true).describe(
    "Answer also what means the same as an earlier request, within the error budget.",
  ),
  SOPHIA_AI_CACHE_ERROR_PERCENT: decimalSetting({ minimum: 0, maximum: 20 })
    .default(1)
    .describe("Wrong answers from cache that are accepted, in percent of all requests."),
  SOPHIA_AI_CACHE_VERIFY: z
    .enum(["off", "available", "required"], "must be off, available or required")
    .default("available")
    .describe(
      "Whether the cross-encoder of SOPHIA_TEI_RERANK_URL reads both questions before an answer is given by meaning: never, while it answers, or always.",
    ),
  SOPHIA_AI_BUDGET_USD_PER_DAY: decimalSetting({ minimum: 0, maximum: 1_000_000 })
    .optional()
    .describe("Most that all model calls together may cost in any 24 hours. No tool can raise it."),
  SOPHIA_AI_BUDGET_USD_PER_MONTH: decimalSetting({ minimum: 0, maximum: 1_000_000 })
    .optional()
    .describe("The same for any 30 days."),
  SOPHIA_AI_DATA_POLICIES: endpointSetting(z.enum(dataPolicies)).describe(
    "What your contracts promise about prompts: together=no_training,openai=zero_retention. Default: nothing; what runs on this machine is local.",
  ),
  SOPHIA_AI_REGIONS: endpointSetting(z.string().regex(/^[a-z0-9-]{1,40}$/)).describe(
    "Where providers run, for keys that demand a region: together=us,vllm=eu.",
  ),
  SOPHIA_AI_QUALITY_FLOOR: decimalSetting({ minimum: 0, maximum: 1 })
    .optional()
    .describe("Least score from 0 to 1 that an answer may be expected to have where nobody names a model."),
  SOPHIA_ANTHROPIC_API_KEY: secretString().optional().describe("Key for Anthropic, or what speaks its Messages API."),
  SOPHIA_ANTHROPIC_BASE_URL: urlSetting(["http:", "https:"])
    .default("https://api.anthropic.com/v1")
    .describe("Base URL of the Messages API, with its /v1."),
  SOPHIA_ANTHROPIC_MODELS: listSetting().describe("Its models to offer, separated by commas. Empty: all it lists."),
  SOPHIA_EMBED_MODEL: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe("Embedding model of a configured provider, instead of the one inside the server."),
  SOPHIA_EMBED_MODEL_FOLDER: z
    .string()
    .min(1)
    .optional()
    .describe("Folder with an ONNX embedding model and its tokenizer.json, instead of the one inside the server."),
  SOPHIA_TEI_EMBED_URL: urlSetting(["http:", "https:"])
    .optional()
    .describe("Text Embeddings Inference with an embedding model, e.g. http://gpu-host:8080."),
  SOPHIA_TEI_RERANK_URL: urlSetting(["http:", "https:"])
    .optional()
    .describe("Text Embeddings Inference with a cross-encoder: reranks, and reads twice before the cache answers."),
  SOPHIA_AI_KEEP_CONTENT: z
    .enum(["off", "redacted", "full"], "must be off, redacted or full")
    .default("redacted")
    .describe("Whether traces keep what was asked and answered: not at all, with particulars masked, or as it is."),
  SOPHIA_AI_TRACE_DAYS: decimalSetting({ minimum: 0, maximum: 3_650 })
    .default(30)
    .describe("How long traces of model calls are kept, in days."),
  SOPHIA_AI_TRACE_MEGABYTES: decimalSetting({ minimum: 1, maximum: 1_000_000 })
    .default(500)
    .describe("Most that the texts of traces may take, in megabytes; the oldest go first."),
});
export type AiConfig = z.output<typeof AiConfig>;

/** The same with the variables of the providers, which belong to the services themselves. */
export const AiSettings = z.object({
  ...AiConfig.shape,
  ...openrouter.config.shape,
  ...together.config.shape,
  ...huggingface.config.shape,
  ...portkey.config.shape,
  ...arize.config.shape,
});
export type AiSettings = z.output<typeof AiSettings>;
