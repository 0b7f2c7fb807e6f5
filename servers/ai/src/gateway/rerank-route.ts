import { z } from "zod";
import { AppError } from "@sophia/core/errors/app-error";
import { estimateTokens } from "@sophia/vendors/openai-shape/usage";
import { type Exchange, type GatewayServices, parseBody, sendJson } from "./exchange.ts";
import { recordOwnCall } from "../domain/own-call.ts";
import { bookCall } from "./book-call.ts";
import { checkOffered } from "./check-offered.ts";

const Document = z.union([z.string().max(100_000), z.looseObject({ text: z.string().max(100_000) })]);
const RerankRequest = z.looseObject({
  model: z.string().min(1).max(200).optional(),
  query: z.string().min(1).max(100_000),
  documents: z.array(Document).min(1).max(1_000),
  top_n: z.number().int().min(1).nullish(),
  return_documents: z.boolean().nullish(),
});

/** The name under which this server's own cross-encoder (or its vectors) is offered. */
const ownModel = "sophia-rerank";

/** The shape of Cohere, Together and Jina. https://docs.cohere.com/reference/rerank */
export async function answerRerank(exchange: Exchange, services: GatewayServices): Promise<void> {
  const request = parseBody(exchange.body, RerankRequest);
  const documents = request.documents.map((document) => (typeof document === "string" ? document : document.text));
  const { model = ownModel, query } = request;
  const inputTokens = estimateTokens(query) * documents.length + estimateTokens(documents.join(""));
  const ranked =
    model === ownModel || model === "auto"
      ? await rankHere(exchange, services, { query, documents, inputTokens })
      : await rankThere(exchange, services, { model, query, documents, inputTokens });
  const shown = ranked.results.slice(0, request.top_n ?? documents.length);
  exchange.response.setHeader("x-sophia-cache", "bypass");
  exchange.response.setHeader("x-sophia-model", encodeURI(ranked.model));
  const results = shown.map(({ index, score }) => ({
    index,
    relevance_score: score,
    ...(request.return_documents === true && { document: { text: documents[index] ?? "" } }),
  }));
  sendJson(exchange.response, {
    id: exchange.requestId,
    object: "rerank",
    model: ranked.model,
    results,
    usage: { prompt_tokens: ranked.tokens, total_tokens: ranked.tokens },
  });
}

interface Asked {
  query: string;
  documents: string[];
  inputTokens: number;
}

interface Ranked {
  results: readonly { index: number; score: number }[];
  model: string;
  tokens: number;
}

async function rankHere(exchange: Exchange, services: GatewayServices, asked: Asked): Promise<Ranked> {
  const { query, documents, inputTokens } = asked;
  const { response, requestId, signal } = exchange;
  const { reranker } = services;
  const caller = exchange.caller.id;
  const call = { caller, requestId, signal, origin: "gateway", operation: "rerank", model: ownModel } as const;
  const { value, place } = await recordOwnCall(services, {
    ...call,
    inputTokens,
    async ask() {
      const answer = await reranker.rerank(query, documents, { signal, account: { caller, requestId } });
      const { service, mode } = answer.place ?? reranker.status();
      return { value: answer, place: { service, mode, model: answer.modelId } };
    },
  });
  response.setHeader("x-sophia-provider", place.service);
  response.setHeader("x-sophia-mode", place.mode);
  response.setHeader("x-sophia-cost-usd", String(value.costUsd ?? 0));
  return { results: value.results, model: value.modelId, tokens: inputTokens };
}

async function rankThere(
  exchange: Exchange,
  services: GatewayServices,
  { model, query, documents, inputTokens }: Asked & { model: string },
): Promise<Ranked> {
  await checkOffered(services.models, { name: model, kind: "rerank", own: ownModel });
  const { value, usage } = await bookCall(exchange, services, {
    model,
    operation: "rerank",
    inputTokens,
    demands: true,
    async ask({ provider: { client } }, signal, options) {
      if (!client.rerank) throw new AppError("invalid_input", "The provider of that model does not rerank.");
      const answer = await client.rerank({ model, query, documents }, signal, options);
      return { value: answer, usage: answer.usage };
    },
  });
  return { results: value.results, model: value.model, tokens: usage.inputTokens };
}
