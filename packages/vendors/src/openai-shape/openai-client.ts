import type { Clock } from "@sophia/core/limits/clock";
import { badReply } from "@sophia/core/http/failures";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { Logger } from "pino";
import { z } from "zod";
import type { ModelEndpoint } from "./model-endpoint.ts";
import { type StreamChunk, readEvents } from "./event-reader.ts";
import { explainFailure, fromErrorBody } from "./provider-errors.ts";

/** An entry of the provider's `/models`. */
export interface ListedModel {
  id: string;
  contextLength: number | undefined;
  /** As the provider words it; see prices.ts. */
  pricing: unknown;
  kind: "chat" | "embedding";
}

export interface OpenAiClient {
  listModels(signal: AbortSignal): Promise<ListedModel[]>;
  /** A whole completion, checked for shape and for an error inside. */
  complete(body: Record<string, unknown>, signal: AbortSignal): Promise<Record<string, unknown>>;
  /** Resolves when the provider accepts; the chunks end normally only when the answer is whole. */
  stream(body: Record<string, unknown>, signal: AbortSignal): Promise<AsyncGenerator<StreamChunk, void, undefined>>;
  close(): Promise<void>;
}

export interface OpenAiClientOptions {
  endpoint: ModelEndpoint;
  log: Logger;
  clock: Clock;
  observer?: HttpObserver;
  pacer?: Pacer;
  /** Total for one call. Default 5 minutes: reasoning models think long before the first byte. */
  timeoutMs?: number;
  /** Longest silence inside a stream. Default 60 s. */
  idleTimeoutMs?: number;
}

const maxAnswerBytes = 16 * 1024 * 1024;
const maxStreamBytes = 64 * 1024 * 1024;
/** Whoever asks for a model would rather take another than wait longer for this endpoint. */
const maxPauseMs = 3_000;

const ModelList = z.object({
  data: z
    .array(
      z.object({
        id: z.string().min(1).max(200),
        context_length: z.number().nullish(),
        max_model_len: z.number().nullish(),
        type: z.string().nullish(),
        // Most endpoints (OpenAI, Ollama, vLLM) state none; a bare `unknown` would demand the key.
        pricing: z.unknown().optional(),
        architecture: z.object({ output_modalities: z.array(z.string()).nullish() }).nullish(),
      }),
    )
    .max(20_000),
});

/** Together lists models as a bare array. */
const ModelReply = z.union([ModelList, ModelList.shape.data.transform((data) => ({ data }))]);

const Completion = z.looseObject({ choices: z.array(z.looseObject({})).min(1) });

/** One client for every provider that speaks the shape of https://platform.openai.com/docs/api-reference. */
export function createOpenAiClient(options: OpenAiClientOptions): OpenAiClient {
  const { endpoint, timeoutMs = 300_000 } = options;
  const { service } = endpoint;
  const http = createHttp({
    service,
    baseUrl: endpoint.baseUrl,
    ...(endpoint.apiKey && { auth: { in: "bearer", secret: endpoint.apiKey } }),
    log: options.log,
    clock: options.clock,
    ...(options.observer && { observer: options.observer }),
    ...(options.pacer && { pacer: options.pacer }),
    maxBytes: maxAnswerBytes,
    // A second attempt would be billed a second time; falling back is the router's decision, not the wire's.
    attempts: 1,
    breaker: { minimumCalls: 5 },
    maxWaitMs: maxPauseMs,
    explain: explainFailure,
  });
  // Not for repeating (see attempts): a lost answer is an upstream failure here, not an effect of unknown outcome.
  const chat = { method: "POST", path: "/chat/completions", idempotent: true, timeoutMs, operation: "chat" } as const;

  return {
    async listModels(signal) {
      const { data } = await http.request({
        path: "/models",
        schema: ModelReply,
        signal,
        timeoutMs: 8_000,
        operation: "models",
      });
      return data.data.map((model) => ({
        id: model.id,
        contextLength: model.context_length ?? model.max_model_len ?? undefined,
        pricing: model.pricing,
        kind: isEmbeddingModel(model) ? "embedding" : "chat",
      }));
    },
    async complete(body, signal) {
      const { data } = await http.request({ ...chat, ...partOf(body), body, signal, schema: z.unknown() });
      const error = fromErrorBody(service, data);
      if (error) throw error;
      const parsed = Completion.safeParse(data);
      if (!parsed.success) throw badReply(service, "it is not a completion");
      return parsed.data;
    },
    async stream(body, signal) {
      const reply = await http.stream({
        ...chat,
        ...partOf(body),
        body,
        signal,
        headers: { accept: "text/event-stream" },
        idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
        maxBytes: maxStreamBytes,
      });
      return readEvents(service, reply);
    },
    close: () => http.close(),
  };
}

/** One model of an endpoint may be down while the others answer. */
function partOf({ model }: Record<string, unknown>): { part?: string } {
  return typeof model === "string" ? { part: model } : {};
}

function isEmbeddingModel(model: z.output<typeof ModelList>["data"][number]): boolean {
  return model.type === "embedding" || (model.architecture?.output_modalities?.includes("embeddings") ?? false);
}
