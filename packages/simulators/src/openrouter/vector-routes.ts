import { z } from "zod";
import { buildEmbedding, countTokens } from "../openai/answer.ts";
import { recordCall } from "../openai/call-record.ts";
import { EmbeddingRequest } from "../openai/chat-request.ts";
import { failEarly } from "../openai/fail-early.ts";
import { sendJson } from "../openai/json-body.ts";
import { rankDocuments } from "../openai/rank-documents.ts";
import { admit, book, computeCost, waitForFirstByte } from "./generation.ts";
import { Preferences } from "./preferences.ts";
import type { PostExchange } from "./simulator-state.ts";
import { wordError } from "./wording.ts";

const Embeddings = EmbeddingRequest.extend({
  dimensions: z.number().int().min(1).max(4_096).optional(),
  provider: Preferences.nullish(),
});

/** https://openrouter.ai/docs/api-reference/embeddings */
export async function answerEmbeddings({ state, body, response }: PostExchange): Promise<void> {
  const parsed = Embeddings.safeParse(body);
  if (!parsed.success) return sendJson(response, 400, wordError(400));
  const asked = parsed.data;
  recordCall(state.calls, "/embeddings", asked, response);
  if (await failEarly(state.faults.take(), response, wordError)) return;
  const admitted = admit(state, asked, "embeddings", response);
  if (!admitted) return;
  await waitForFirstByte(state);
  const inputs = Array.isArray(asked.input) ? asked.input : [asked.input];
  const tokens = inputs.reduce((sum, text) => sum + countTokens(text), 0);
  const cost = computeCost(admitted.place, tokens, 0);
  book(state, admitted, {
    apiType: "embeddings",
    promptTokens: tokens,
    completionTokens: 0,
    costUsd: cost,
    streamed: false,
  });
  const data = inputs.map((text, index) => {
    const vector = buildEmbedding(text, asked.dimensions ?? 64);
    const embedding =
      asked.encoding_format === "base64" ? Buffer.from(Float32Array.from(vector).buffer).toString("base64") : vector;
    return { object: "embedding", index, embedding };
  });
  const usage = { prompt_tokens: tokens, total_tokens: tokens, cost };
  sendJson(response, 200, { id: admitted.id, object: "list", model: admitted.model.id, data, usage });
}

const Rerank = z.looseObject({
  model: z.string(),
  query: z.string(),
  documents: z.array(z.union([z.string(), z.looseObject({ text: z.string().optional() })])).min(1),
  top_n: z.number().int().min(1).optional(),
  provider: Preferences.nullish(),
});

/** https://openrouter.ai/docs/api-reference/rerank */
export async function answerRerank({ state, body, response }: PostExchange): Promise<void> {
  const parsed = Rerank.safeParse(body);
  if (!parsed.success) return sendJson(response, 400, wordError(400));
  const asked = parsed.data;
  recordCall(state.calls, "/rerank", asked, response);
  if (await failEarly(state.faults.take(), response, wordError)) return;
  const admitted = admit(state, asked, "rerank", response);
  if (!admitted) return;
  await waitForFirstByte(state);
  const texts = asked.documents.map((document) => (typeof document === "string" ? document : (document.text ?? "")));
  const tokens = [asked.query, ...texts].reduce((sum, text) => sum + countTokens(text), 0);
  const cost = computeCost(admitted.place, tokens, 0);
  book(state, admitted, {
    apiType: "rerank",
    promptTokens: tokens,
    completionTokens: 0,
    costUsd: cost,
    streamed: false,
  });
  const results = rankDocuments(asked.query, texts)
    .slice(0, asked.top_n ?? texts.length)
    .map(({ index, score }) => ({ index, relevance_score: score, document: { text: texts[index] } }));
  const usage = { search_units: 1, total_tokens: tokens, cost };
  sendJson(response, 200, {
    id: admitted.id,
    model: admitted.model.id,
    provider: admitted.place.provider,
    results,
    usage,
  });
}
