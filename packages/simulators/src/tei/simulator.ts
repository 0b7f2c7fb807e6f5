import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { readJson, sendJson } from "../openai/json-body.ts";
import { serve } from "../openai/serve.ts";

export interface TeiSimulatorOptions {
  /** One process serves one model: `embedding` answers /embed, `reranker` /rerank. */
  kind?: "embedding" | "reranker";
  /** Required as bearer when given. */
  apiKey?: string;
  /** Texts in one call; more are refused. Default 32, as the program's own. */
  maxBatch?: number;
  seed?: number;
}

export interface TeiSimulator {
  /** Without a path. */
  url: string;
  /** Turns the next `times` calls away as overloaded. */
  overload(times: number): void;
  setHealthy(healthy: boolean): void;
  /** Texts embedded or ranked so far. */
  texts(): number;
  close(): Promise<void>;
}

interface State {
  kind: "embedding" | "reranker";
  apiKey: string | undefined;
  maxBatch: number;
  seed: number;
  overloads: number;
  healthy: boolean;
  texts: number;
}

const modelId = "simulated/tei-model";
const dimension = 48;
/** Words here; the program counts tokens. */
const maxInputWords = 512;

const Inputs = z.union([z.string(), z.array(z.string()).min(1)]);
const EmbedRequest = z.looseObject({
  inputs: Inputs,
  truncate: z.boolean().nullish(),
  normalize: z.boolean().optional(),
});
const RerankRequest = z.looseObject({
  query: z.string(),
  texts: z.array(z.string()).min(1),
  truncate: z.boolean().nullish(),
  raw_scores: z.boolean().optional(),
  return_text: z.boolean().optional(),
});
const EmbeddingsRequest = z.looseObject({ input: Inputs, encoding_format: z.enum(["float", "base64"]).optional() });

class Refusal extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

/**
 * A Text Embeddings Inference process on loopback. Vectors depend on the words alone: texts that share words are near.
 * https://huggingface.github.io/text-embeddings-inference
 */
export async function startTeiSimulator(options: TeiSimulatorOptions = {}): Promise<TeiSimulator> {
  const state: State = {
    kind: options.kind ?? "embedding",
    apiKey: options.apiKey,
    maxBatch: options.maxBatch ?? 32,
    seed: options.seed ?? 1,
    overloads: 0,
    healthy: true,
    texts: 0,
  };
  const served = await serve((request, response) =>
    handle(state, request, response).catch((error: unknown) => sendFailure(request, response, error)),
  );
  return {
    url: served.origin,
    overload: (times) => void (state.overloads = times),
    setHealthy: (healthy) => void (state.healthy = healthy),
    texts: () => state.texts,
    close: served.close,
  };
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (state.apiKey !== undefined && request.headers.authorization !== `Bearer ${state.apiKey}`) {
    response.writeHead(401).end();
    return;
  }
  const route = `${request.method} ${request.url}`;
  if (route === "GET /health") {
    if (!state.healthy) throw new Refusal(503, "Unhealthy", "unhealthy");
    response.writeHead(200).end();
    return;
  }
  if (route === "GET /info") return sendJson(response, 200, buildInfo(state));
  const answers: Record<string, (body: unknown) => unknown> = {
    "POST /embed": (body) => embed(state, parse(EmbedRequest, body)),
    "POST /rerank": (body) => rerank(state, parse(RerankRequest, body)),
    "POST /v1/embeddings": (body) => embedAsOpenAi(state, parse(EmbeddingsRequest, body)),
  };
  const answer = answers[route];
  if (!answer) {
    response.writeHead(404).end();
    return;
  }
  const body = await readJson(request);
  if (state.overloads > 0) {
    state.overloads -= 1;
    throw new Refusal(429, "Overloaded", "Model is overloaded");
  }
  sendJson(response, 200, answer(body));
}

function buildInfo({ kind, maxBatch }: State): unknown {
  const labels = { id2label: { "0": "LABEL_0" }, label2id: { LABEL_0: 0 } };
  return {
    model_id: modelId,
    model_sha: null,
    model_dtype: "float16",
    served_model_name: modelId,
    model_type: kind === "embedding" ? { embedding: { pooling: "cls" } } : { reranker: labels },
    max_concurrent_requests: 512,
    max_input_length: maxInputWords,
    max_batch_tokens: 16_384,
    max_batch_requests: null,
    max_client_batch_size: maxBatch,
    auto_truncate: false,
    tokenization_workers: 2,
    version: "1.9.3",
    sha: null,
    docker_label: "simulated",
  };
}

function embed(state: State, request: z.infer<typeof EmbedRequest>): number[][] {
  if (state.kind !== "embedding") throw new Refusal(424, "Backend", "model is not an embedding model");
  const texts = take(state, request.inputs, request.truncate === true);
  return texts.map((text) => buildVector(text, state.seed));
}

function embedAsOpenAi(state: State, request: z.infer<typeof EmbeddingsRequest>): unknown {
  const vectors = embed(state, { inputs: request.input });
  const words = [request.input].flat().reduce((sum, text) => sum + countWords(text), 0);
  const asBase64 = request.encoding_format === "base64";
  return {
    object: "list",
    model: modelId,
    data: vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: asBase64 ? Buffer.from(Float32Array.from(vector).buffer).toString("base64") : vector,
    })),
    usage: { prompt_tokens: words, total_tokens: words },
  };
}

/** The best first, as the program answers. */
function rerank(state: State, request: z.infer<typeof RerankRequest>): unknown {
  if (state.kind !== "reranker") throw new Refusal(424, "Backend", "model is not a re-ranker model");
  const texts = take(state, request.texts, request.truncate === true);
  const query = buildVector(request.query, state.seed);
  return texts
    .map((text, index) => {
      const raw = buildVector(text, state.seed).reduce((sum, value, at) => sum + value * (query[at] ?? 0), 0) * 8 - 4;
      const score = request.raw_scores === true ? raw : 1 / (1 + Math.exp(-raw));
      return { index, score, ...(request.return_text === true && { text }) };
    })
    .toSorted((left, right) => right.score - left.score);
}

function take(state: State, inputs: string | string[], truncate: boolean): string[] {
  const texts = [inputs].flat();
  if (texts.length > state.maxBatch) {
    throw new Refusal(422, "Validation", `batch size ${texts.length} > maximum allowed batch size ${state.maxBatch}`);
  }
  if (texts.some((text) => text === "")) throw new Refusal(400, "Empty", "`inputs` cannot be empty");
  if (!truncate && texts.some((text) => countWords(text) > maxInputWords)) {
    throw new Refusal(413, "Validation", `\`inputs\` must have less than ${maxInputWords} tokens.`);
  }
  state.texts += texts.length;
  return texts;
}

function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

/** The sum of one direction for each word, of unit length. */
function buildVector(text: string, seed: number): number[] {
  const sum = Array.from({ length: dimension }, () => 0);
  for (const word of text.toLowerCase().split(/\W+/).filter(Boolean)) {
    const bytes = createHash("sha384").update(`${seed}\0${word}`).digest();
    for (let at = 0; at < dimension; at += 1) sum[at] = (sum[at] ?? 0) + (bytes[at] ?? 0) / 128 - 1;
  }
  const length = Math.hypot(...sum) || 1;
  return sum.map((value) => value / length);
}

function parse<S>(schema: z.ZodType<S>, body: unknown): S {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Refusal(422, "Validation", "Failed to deserialize the JSON body into the target type");
  return parsed.data;
}

/** The route in the OpenAI shape words its errors differently. */
function sendFailure(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (!(error instanceof Refusal)) {
    response.destroy();
    return;
  }
  const body = request.url?.startsWith("/v1/")
    ? { message: error.message, code: error.status, error_type: error.type }
    : { error: error.message, error_type: error.type };
  sendJson(response, error.status, body);
}
