import type { AnswerFacts } from "../openai-shape/call-wishes.ts";
import type { Operation, ProviderProfile, ShapedRequest } from "../openai-shape/provider-profile.ts";
import { shapeChat } from "./shape-chat.ts";

/** Together AI speaks an older OpenAI shape with parameters of its own. https://docs.together.ai/reference/chat-completions-1 */
export const togetherProvider: ProviderProfile = {
  service: "together",
  baseUrl: "https://api.together.ai/v1",
  // Seconds until the window starts anew: https://docs.together.ai/docs/rate-limits
  retryAfterHeader: "x-ratelimit-reset",
  shape,
  readFacts,
};

/** https://docs.together.ai/reference/embeddings-2 and https://docs.together.ai/reference/rerank-1 */
const knownNames: Readonly<Record<Exclude<Operation, "chat">, readonly string[]>> = {
  embeddings: ["model", "input"],
  rerank: ["model", "query", "documents", "top_n", "return_documents", "rank_fields"],
};

function shape(operation: Operation, body: Record<string, unknown>): ShapedRequest {
  if (operation === "chat") return { body: shapeChat(body) };
  const known = knownNames[operation];
  return { body: Object.fromEntries(Object.entries(body).filter(([name]) => known.includes(name))) };
}

function readFacts(headers: Readonly<Record<string, string>>): AnswerFacts {
  const generationId = headers["x-request-id"];
  return generationId === undefined ? {} : { generationId };
}
