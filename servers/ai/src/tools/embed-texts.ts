import { AppError } from "@sophia/core/errors/app-error";
import type { Embedder } from "@sophia/core/embed/embedder";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { comparePairs } from "../domain/compare-pairs.ts";

interface Services {
  embedder: Pick<Embedder, "embed" | "status">;
}

/** 1,536 numbers are about 4,000 tokens. */
const maxTextsWithVectors = 4;
const maxPairs = 200;

export const embedTexts = defineTool({
  name: "embed_texts",
  title: "Embed texts",
  description: `Turns texts into vectors with the embedding model of this server and says which texts mean nearly the same.
- Use when texts are to be compared, grouped or checked for duplicates by meaning.
- Returns the most similar pairs; vectors only on request, for at most ${maxTextsWithVectors} texts (programs use POST /v1/embeddings).
Example: {"texts": ["restart billing", "reboot the billing service"]}`,
  effect: "read",
  input: z.strictObject({
    texts: z
      .array(z.string().min(1).max(20_000))
      .min(1)
      .max(64)
      .describe("The texts. A model reads only their beginning: the one inside this server 128 word pieces."),
    purpose: z.enum(["query", "document"]).default("document").describe("Queries are answered before documents."),
    includeVectors: z.boolean().default(false).describe("Return the vectors, rounded to 4 decimals."),
  }),
  output: z.object({
    modelId: z.string().describe("Store it with vectors: vectors of two ids are not comparable."),
    dimension: z.int(),
    count: z.int().describe("Texts embedded."),
    pairs: z
      .array(
        z.object({
          first: z.int().describe("Index of a text, from 0."),
          second: z.int().describe("Index of the other."),
          similarity: z
            .number()
            .describe(
              "1 the same; how near unrelated texts come depends on the model, about 0 for the one inside this server.",
            ),
        }),
      )
      .describe(`The most similar pairs, best first, at most ${maxPairs}.`),
    vectors: z.array(z.array(z.number())).optional().describe("In the order of the texts, of length 1."),
    degraded: z.string().optional().describe("Why another model than the configured one answered."),
    source: Source,
  }),
  items: "pairs",
  maxTokens: 20_000,
  async run({ texts, purpose, includeVectors }, { services, caller, requestId, signal }: ToolContext<Services>) {
    if (includeVectors && texts.length > maxTextsWithVectors) {
      throw new AppError("invalid_input", `Vectors are returned for at most ${maxTextsWithVectors} texts at once.`, {
        hint: "Leave includeVectors out, or use POST /v1/embeddings from a program.",
      });
    }
    const account = { caller: caller.id, requestId };
    const answer = await services.embedder.embed(texts, { purpose, signal, account });
    const { vectors, modelId, dimension, costUsd = 0 } = answer;
    const { state, ...status } = services.embedder.status();
    const reason = answer.reason ?? (state === "degraded" ? status.reason : undefined);
    const { service = "sophia", mode = "local" } = answer.place ?? status;
    return {
      modelId,
      dimension,
      count: vectors.length,
      pairs: comparePairs(vectors, maxPairs),
      ...(includeVectors && { vectors: vectors.map((vector) => Array.from(vector, (value) => round(value, 4))) }),
      ...(reason !== undefined && { degraded: reason }),
      source: { service, mode, costUsd },
    };
  },
});

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
