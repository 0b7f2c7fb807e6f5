import { z } from "zod";
import { buildEmbedding, countTokens } from "../openai/answer.ts";
import { recordCall } from "../openai/call-record.ts";
import { EmbeddingRequest } from "../openai/chat-request.ts";
import { failEarly } from "../openai/fail-early.ts";
import { sendJson } from "../openai/json-body.ts";
import { rankDocuments } from "../openai/rank-documents.ts";
import { type SimulatedModel, simulatedModels } from "./models.ts";
import type { PostExchange } from "./simulator-state.ts";
import { wordError } from "./wording.ts";

const dimension = 64;

/** https://docs.together.ai/reference/embeddings-2 */
export async function answerEmbeddings({ state, body, response }: PostExchange): Promise<void> {
  const parsed = EmbeddingRequest.safeParse(body);
  if (!parsed.success) return sendJson(response, 400, wordError(400));
  recordCall(state.calls, "/embeddings", parsed.data, response);
  if (await failEarly(state.faults.take(), response, wordError)) return;
  const { model, input } = parsed.data;
  if (!sells(model, "embedding")) return sendJson(response, 404, wordError("model_not_found", "model_not_available"));
  const inputs = Array.isArray(input) ? input : [input];
  const data = inputs.map((text, index) => ({
    object: "embedding",
    index,
    embedding: buildEmbedding(text, dimension),
  }));
  sendJson(response, 200, { object: "list", model, data });
}

const Rerank = z.strictObject({
  model: z.string(),
  query: z.string(),
  documents: z.union([z.array(z.string()), z.array(z.record(z.string(), z.unknown()))]),
  top_n: z.number().int().min(1).optional(),
  return_documents: z.boolean().optional(),
  rank_fields: z.array(z.string()).optional(),
});

/** https://docs.together.ai/reference/rerank-1 */
export async function answerRerank({ state, body, response }: PostExchange): Promise<void> {
  const parsed = Rerank.safeParse(body);
  if (!parsed.success) return sendJson(response, 400, wordError(400));
  const { model, query, documents, top_n: top, return_documents: isEchoed } = parsed.data;
  recordCall(state.calls, "/rerank", parsed.data, response);
  if (await failEarly(state.faults.take(), response, wordError)) return;
  if (!sells(model, "rerank")) return sendJson(response, 404, wordError("model_not_found", "model_not_available"));
  const texts = documents.map((each) => (typeof each === "string" ? each : Object.values(each).join(" ")));
  const tokens = [query, ...texts].reduce((sum, text) => sum + countTokens(text), 0);
  const results = rankDocuments(query, texts)
    .slice(0, top ?? texts.length)
    .map(({ index, score }) => ({
      index,
      relevance_score: score,
      document: { text: isEchoed === true ? texts[index] : null },
    }));
  const usage = { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens };
  sendJson(response, 200, { object: "rerank", model, results, usage });
}

function sells(id: string, type: SimulatedModel["type"]): boolean {
  return simulatedModels.some((model) => model.id === id && model.type === type);
}
