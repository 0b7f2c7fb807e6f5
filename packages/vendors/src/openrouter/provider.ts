import type { AnswerFacts, CallWishes } from "../openai-shape/call-wishes.ts";
import type { Operation, ProviderProfile, ShapedRequest } from "../openai-shape/provider-profile.ts";
import { buildPreferences } from "./preferences.ts";

/**
 * OpenRouter speaks the OpenAI shape, with preferences among the places that serve a model, and its own charge in each
 * answer. https://openrouter.ai/docs/api-reference/overview
 */
export const openrouterProvider: ProviderProfile = {
  service: "openrouter",
  baseUrl: "https://openrouter.ai/api/v1",
  // Who calls, for its own statistics: https://openrouter.ai/docs/app-attribution
  headers: { "x-openrouter-title": "Sophia" },
  // Without the query only models that write text are listed. https://openrouter.ai/docs/guides/overview/models
  modelLists: [{ path: "/models", query: { output_modalities: "text,embeddings,rerank" } }],
  // Each request says which places may serve it, and where none of them keeps nothing it is refused.
  readModel: (model) => ({ ...model, dataPolicy: "zero_retention" }),
  shape,
  readFacts,
};

function shape(operation: Operation, body: Record<string, unknown>, wishes: CallWishes): ShapedRequest {
  const isChat = operation === "chat";
  const provider = buildPreferences(body["provider"], wishes);
  const session = isChat &&
    wishes.conversationKey !== undefined && { session_id: wishes.conversationKey.slice(0, 256) };
  // The same object where nothing is added: its bytes are then sent on as they came.
  const shaped = provider || session ? { ...body, ...(provider && { provider }), ...session } : body;
  return {
    body: shaped,
    ...(isChat && wishes.responseCache && { headers: buildCacheHeaders(wishes.responseCache.ttlMs) }),
  };
}

/** 1 second to 1 day. https://openrouter.ai/docs/guides/features/response-caching */
function buildCacheHeaders(ttlMs: number): Record<string, string> {
  const seconds = Math.min(86_400, Math.max(1, Math.round(ttlMs / 1_000)));
  return { "x-openrouter-cache": "true", "x-openrouter-cache-ttl": String(seconds) };
}

function readFacts(headers: Readonly<Record<string, string>>): AnswerFacts {
  const generationId = headers["x-generation-id"];
  const cache = headers["x-openrouter-cache-status"]?.toUpperCase();
  return {
    ...(generationId !== undefined && { generationId }),
    responseCache: cache === "HIT" ? "hit" : cache === "MISS" ? "miss" : "off",
  };
}
