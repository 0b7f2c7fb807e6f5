import { badReply } from "@sophia/core/http/failures";
import { z } from "zod";
import { parseUsage, type Usage } from "./usage.ts";

/** The best first. */
export interface RerankAnswer {
  results: { index: number; score: number }[];
  model: string;
  usage: Usage | undefined;
}

const RerankReply = z.object({
  model: z.string(),
  results: z.array(z.object({ index: z.number().int().min(0), relevance_score: z.number() })),
  usage: z.unknown().optional(),
});

const RerankUsage = z.object({ total_tokens: z.number().int().min(0), cost: z.number().min(0).nullish() });

/** The shape Cohere began and others follow. https://docs.cohere.com/reference/rerank */
export function parseRerankAnswer(service: string, answer: unknown, count: number): RerankAnswer {
  const parsed = RerankReply.safeParse(answer);
  if (!parsed.success) throw badReply(service, "it holds no ranking");
  const { results, model, usage } = parsed.data;
  const known = new Set(results.map(({ index }) => index));
  if (known.size !== results.length || results.some(({ index }) => index >= count)) {
    throw badReply(service, "it ranks documents that were not sent");
  }
  return {
    results: results
      .map(({ index, relevance_score: score }) => ({ index, score }))
      .toSorted((a, b) => b.score - a.score),
    model,
    usage: parseUsage(usage) ?? parseRerankUsage(usage),
  };
}

/** OpenRouter counts tokens in one sum only. */
function parseRerankUsage(usage: unknown): Usage | undefined {
  const parsed = RerankUsage.safeParse(usage);
  if (!parsed.success) return undefined;
  const { total_tokens: inputTokens, cost } = parsed.data;
  return {
    inputTokens,
    outputTokens: 0,
    cachedInputTokens: 0,
    ...(typeof cost === "number" && { statedCostUsd: cost }),
    estimated: false,
  };
}
