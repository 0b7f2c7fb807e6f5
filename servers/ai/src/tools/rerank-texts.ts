import type { Reranker } from "@sophia/core/embed/reranker";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";

interface Services {
  reranker: Pick<Reranker, "rerank" | "status">;
}

const maxDocuments = 100;
const excerptLength = 160;

export const rerankTexts = defineTool({
  name: "rerank_texts",
  title: "Rerank texts",
  description: `Orders texts by how well each answers a query, the best first.
- Use when a search found more than can be read, and the best few are wanted.
- A cross-encoder reads query and text together; without one configured, vectors are compared, which errs more. method says which.
Example: {"query": "how do I restart billing?", "documents": ["Run restart-billing as root.", "Billing is paid monthly."], "topN": 1}`,
  effect: "read",
  input: z.strictObject({
    query: z.string().min(1).max(4_000).describe("The question or search."),
    documents: z
      .array(z.string().min(1).max(20_000))
      .min(1)
      .max(maxDocuments)
      .describe("The texts. A model reads only the beginning of a long one."),
    topN: z.int().min(1).max(maxDocuments).default(10).describe("Texts to return."),
  }),
  output: z.object({
    results: z.array(
      z.object({
        index: z.int().describe("Position in documents, from 0."),
        score: z.number().describe("Higher is better. Comparable within one modelId only."),
        excerpt: z.string().describe("The beginning of the text."),
      }),
    ),
    modelId: z.string(),
    method: z.enum(["cross-encoder", "vectors"]),
    ranked: z.int().describe("Texts that were compared."),
    degraded: z.string().optional().describe("Why another model than the configured one answered."),
    source: Source,
  }),
  items: "results",
  async run({ query, documents, topN }, { services, caller, requestId, signal }: ToolContext<Services>) {
    const account = { caller: caller.id, requestId };
    const answer = await services.reranker.rerank(query, documents, { topN, signal, account });
    const { results, modelId, costUsd = 0, reason } = answer;
    const status = services.reranker.status();
    const { service, mode } = answer.place ?? status;
    return {
      results: results.map(({ index, score }) => ({
        index,
        score: Number(score.toFixed(4)),
        excerpt: toExcerpt(documents[index] ?? ""),
      })),
      modelId,
      method: answer.method ?? status.method,
      ranked: documents.length,
      ...(reason !== undefined && { degraded: reason }),
      source: { service, mode, costUsd },
    };
  },
});

function toExcerpt(text: string): string {
  return text.length <= excerptLength ? text : `${text.slice(0, excerptLength - 1).trimEnd()}…`;
}
