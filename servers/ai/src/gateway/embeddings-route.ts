import { AppError } from "@sophia/core/errors/app-error";
import { z } from "zod";
import { estimateTokens } from "@sophia/vendors/openai-shape/usage";
import { bookCall } from "./book-call.ts";
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
export async function answerEmbeddings(exchange: Exchange, services: GatewayServices): Promise<void> {
  const request = parseBody(exchange.body, EmbeddingRequest);
  const texts = typeof request.input === "string" ? [request.input] : request.input;
  const tokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
  const isOwn = request.model === embeddingModelName || request.model === "auto";
  const embedOwn = services.paidEmbeddingModel === undefined ? embedHere : embedConfigured;
  const embed = isOwn ? embedOwn : embedThere;
  const embedded = await embed(exchange, services, {
    model: request.model,
    texts,
    tokens,
    dimensions: request.dimensions ?? undefined,
  });
  exchange.response.setHeader("x-sophia-cache", "bypass");
  exchange.response.setHeader("x-sophia-model", encodeURI(embedded.model));
  const data = embedded.vectors.map((vector, index) => {
    const embedding = request.encoding_format === "base64" ? toBase64(vector) : Array.from(vector);
    return { object: "embedding", index, embedding };
  });
  const usage = { prompt_tokens: embedded.tokens, total_tokens: embedded.tokens };
  sendJson(exchange.response, { object: "list", data, model: embedded.model, usage });
}

interface Asked {
  model: string;
  texts: string[];
  tokens: number;
  dimensions: number | undefined;
}

interface Embedded {
  vectors: readonly Float32Array[];
  model: string;
  tokens: number;
}

async function embedHere({ response, signal }: Exchange, services: GatewayServices, asked: Asked): Promise<Embedded> {
  const { vectors, modelId, dimension } = await services.embedder.embed(asked.texts, { purpose: "document", signal });
  checkDimension(asked, dimension);
  response.setHeader("x-sophia-provider", "sophia");
  response.setHeader("x-sophia-mode", "local");
  response.setHeader("x-sophia-cost-usd", "0");
  return { vectors, model: modelId, tokens: asked.tokens };
}

/** The server's own embedder is a provider's model: what it remembers is free, what it asks for is paid by this key. */
async function embedConfigured(exchange: Exchange, services: GatewayServices, asked: Asked): Promise<Embedded> {
  const { value } = await bookCall(exchange, services, {
    model: services.paidEmbeddingModel ?? asked.model,
    operation: "embeddings",
    inputTokens: asked.tokens,
    async ask(_client, signal) {
      const answer = await services.embedder.embed(asked.texts, { purpose: "document", signal });
      const { costUsd } = answer;
      const inputTokens = costUsd === undefined ? 0 : asked.tokens;
      // Texts of several callers leave together: how many tokens were whose is counted by us.
      const usage = { inputTokens, outputTokens: 0, cachedInputTokens: 0, estimated: true };
      return { value: answer, usage: { ...usage, statedCostUsd: costUsd ?? 0 } };
    },
  });
  checkDimension(asked, value.dimension);
  return { vectors: value.vectors, model: value.modelId, tokens: asked.tokens };
}

function checkDimension({ dimensions }: Asked, dimension: number): void {
  if (dimensions === undefined || dimensions === dimension) return;
  throw new AppError("invalid_input", `This model has ${dimension} dimensions and cannot be shortened.`);
}

/** A provider's model, by name: whose vectors they are stands in the answer. */
async function embedThere(exchange: Exchange, services: GatewayServices, asked: Asked): Promise<Embedded> {
  const { model, texts, dimensions } = asked;
  await checkOffered(services, model);
  const { value, usage } = await bookCall(exchange, services, {
    model,
    operation: "embeddings",
    inputTokens: asked.tokens,
    async ask(client, signal) {
      if (!client.embed) throw new AppError("invalid_input", "The provider of that model does not embed.");
      const answer = await client.embed(
        { model, input: texts, ...(dimensions !== undefined && { dimensions }) },
        signal,
      );
      return { value: answer, usage: answer.usage };
    },
  });
  return { vectors: value.vectors, model: value.model, tokens: usage.inputTokens };
}

async function checkOffered({ models }: GatewayServices, name: string): Promise<void> {
  const offered = await models.list().catch(() => []);
  if (offered.some(({ id, kind }) => id === name && kind === "embedding")) return;
  throw new AppError("not_found", "That embedding model is not offered here.", {
    hint: `Use ${embeddingModelName}, which runs inside the server, or one that /v1/models lists as an embedding model.`,
  });
}

/** Little-endian float32, as the official clients ask for by default. */
function toBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");
}
