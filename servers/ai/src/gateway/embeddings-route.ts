import { AppError } from "@sophia/core/errors/app-error";
import { z } from "zod";
import { estimateTokens } from "@sophia/vendors/openai-shape/usage";
import { refusePlace } from "../domain/refuse-place.ts";
import { recordOwnCall } from "../domain/own-call.ts";
import type { PaidEmbedding } from "../domain/paid-embedding.ts";
import { bookCall } from "./book-call.ts";
import { checkOffered } from "./check-offered.ts";
import { embeddingModelName, type Exchange, type GatewayServices, parseBody, sendJson } from "./exchange.ts";

const Text = z.string().min(1, "a text is empty").max(100_000, "a text has more than 100,000 characters");
const taken = "must be a text or up to 512 texts (token arrays are not supported)";
const EmbeddingRequest = z.looseObject({
  model: z.string().min(1).max(200),
  input: z.union([Text, z.array(Text).min(1, taken).max(512, taken)], taken),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.number().int().nullish(),
});

/** https://platform.openai.com/docs/api-reference/embeddings/create */
export async function answerEmbeddings(exchange: Exchange, services: GatewayServices): Promise<void> {
  const request = parseBody(exchange.body, EmbeddingRequest);
  const texts = typeof request.input === "string" ? [request.input] : request.input;
  const tokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
  const isOwn = request.model === embeddingModelName || request.model === "auto";
  const asked = { model: request.model, texts, tokens, dimensions: request.dimensions ?? undefined };
  const { paidEmbedding } = services;
  const embedOwn = () =>
    paidEmbedding
      ? embedConfigured(exchange, services, { ...asked, paidEmbedding })
      : embedHere(exchange, services, asked);
  const embedded = isOwn ? await embedOwn() : await embedThere(exchange, services, asked);
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

async function embedHere(exchange: Exchange, services: GatewayServices, asked: Asked): Promise<Embedded> {
  const { response, signal, caller, requestId } = exchange;
  const { embedder } = services;
  const call = { caller: caller.id, requestId, signal, origin: "gateway", operation: "embeddings" } as const;
  const { value, place } = await recordOwnCall(services, {
    ...call,
    model: asked.model,
    inputTokens: asked.tokens,
    async ask() {
      const account = { caller: caller.id, requestId };
      const answer = await embedder.embed(asked.texts, { purpose: "document", signal, account });
      // Vectors of another model than its other callers get would be of no use to a program.
      if (answer.reason !== undefined) throw refusePlace(undefined, services.policies.of(caller.id));
      checkDimension(asked, answer.dimension);
      const { service = "sophia", mode = "local" } = answer.place ?? embedder.status();
      return { value: answer, place: { service, mode, model: answer.modelId } };
    },
  });
  response.setHeader("x-sophia-provider", place.service);
  response.setHeader("x-sophia-mode", place.mode);
  response.setHeader("x-sophia-cost-usd", "0");
  return { vectors: value.vectors, model: value.modelId, tokens: asked.tokens };
}

/** The server's own embedder is a provider's model: what it remembers is free, what it asks for is paid by this key. */
async function embedConfigured(
  exchange: Exchange,
  services: GatewayServices,
  { texts, paidEmbedding, ...asked }: Asked & { paidEmbedding: PaidEmbedding },
): Promise<Embedded> {
  const call = paidEmbedding.toCall(texts, { purpose: "document" });
  const { value } = await bookCall(exchange, services, { ...call, requestedModel: asked.model });
  checkDimension(asked, value.dimension);
  return { vectors: value.vectors, model: value.modelId, tokens: asked.tokens };
}

function checkDimension({ dimensions }: Pick<Asked, "dimensions">, dimension: number): void {
  if (dimensions === undefined || dimensions === dimension) return;
  throw new AppError("invalid_input", `This model has ${dimension} dimensions and cannot be shortened.`);
}

/** A provider's model, by name: whose vectors they are stands in the answer. */
async function embedThere(exchange: Exchange, services: GatewayServices, asked: Asked): Promise<Embedded> {
  const { model, texts, dimensions } = asked;
  await checkOffered(services.models, { name: model, kind: "embedding", own: embeddingModelName });
  const { value, usage } = await bookCall(exchange, services, {
    model,
    operation: "embeddings",
    inputTokens: asked.tokens,
    demands: true,
    async ask({ provider: { client } }, signal, options) {
      if (!client.embed) throw new AppError("invalid_input", "The provider of that model does not embed.");
      const answer = await client.embed(
        { model, input: texts, ...(dimensions !== undefined && { dimensions }) },
        signal,
        options,
      );
      return { value: answer, usage: answer.usage };
    },
  });
  return { vectors: value.vectors, model: value.model, tokens: usage.inputTokens };
}

/** Little-endian float32, as the official clients ask for by default. */
function toBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");
}
