import { AppError } from "@sophia/core/errors/app-error";
import { z } from "zod";
import { estimateTokens } from "@sophia/vendors/openai-shape/usage";
import { embeddingModelName, type Exchange, type GatewayServices, parseBody, sendJson } from "./exchange.ts";

const Text = z.string().min(1).max(100_000);
const EmbeddingRequest = z.looseObject({
  model: z.string().min(1).max(200),
  input: z.union(
    [Text, z.array(Text).min(1).max(512)],
    "must be a text or up to 512 texts (token arrays are not supported)",
  ),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.number().int().nullish(),
});

/** https://platform.openai.com/docs/api-reference/embeddings/create */
export async function answerEmbeddings({ body, response, signal }: Exchange, services: GatewayServices): Promise<void> {
  const request = parseBody(body, EmbeddingRequest);
  if (request.model !== embeddingModelName && request.model !== "auto") {
    // Vectors of another model would be stored beside vectors they cannot be compared with.
    throw new AppError("not_found", "That embedding model is not offered here.", {
      hint: `Use ${embeddingModelName}, which runs inside the server.`,
    });
  }
  const texts = typeof request.input === "string" ? [request.input] : request.input;
  const { vectors, modelId, dimension } = await services.embedder.embed(texts, { purpose: "document", signal });
  if (typeof request.dimensions === "number" && request.dimensions !== dimension) {
    throw new AppError("invalid_input", `This model has ${dimension} dimensions and cannot be shortened.`);
  }
  const tokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
  response.setHeader("x-sophia-cache", "bypass");
  response.setHeader("x-sophia-model", encodeURI(modelId));
  response.setHeader("x-sophia-provider", "sophia");
  response.setHeader("x-sophia-mode", "local");
  response.setHeader("x-sophia-cost-usd", "0");
  const data = vectors.map((vector, index) => {
    const embedding = request.encoding_format === "base64" ? toBase64(vector) : Array.from(vector);
    return { object: "embedding", index, embedding };
  });
  sendJson(response, { object: "list", data, model: modelId, usage: { prompt_tokens: tokens, total_tokens: tokens } });
}

/** Little-endian float32, as the official clients ask for by default. */
function toBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");
}
