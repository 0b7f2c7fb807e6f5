// https://huggingface.github.io/text-embeddings-inference
import type { Secret } from "@sophia/core/config/secret";
import type { VendorFailure } from "@sophia/core/http/failures";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { Logger } from "pino";
import { z } from "zod";

export interface TeiOptions {
  /** Without a path, e.g. http://gpu-host:8080. */
  baseUrl: string;
  apiKey?: Secret;
  log: Logger;
  clock: Clock;
  pacer?: Pacer;
  observer?: HttpObserver;
}

/** What one process serves: it has one model, which either embeds or ranks. */
export interface TeiInfo {
  model: string;
  kind: "embedding" | "reranker" | "classifier";
  /** Texts in one call. */
  maxBatch: number;
  /** Tokens of one text; longer ones are cut. */
  maxInputTokens: number;
}

export interface TeiClient {
  info(signal: AbortSignal): Promise<TeiInfo>;
  /** Vectors of unit length, in the order of the texts; at most `maxBatch` of them. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<number[][]>;
  /** A score of 0 to 1 for each text, in the order of the texts. */
  rerank(query: string, texts: readonly string[], signal: AbortSignal): Promise<number[]>;
  close(): Promise<void>;
}

const ModelType = z.union([
  z.looseObject({ embedding: z.looseObject({}) }).transform(() => "embedding" as const),
  z.looseObject({ reranker: z.looseObject({}) }).transform(() => "reranker" as const),
  z.looseObject({ classifier: z.looseObject({}) }).transform(() => "classifier" as const),
]);
const Info = z.object({
  model_id: z.string().min(1).max(300),
  model_type: ModelType,
  max_client_batch_size: z.number().int().min(1),
  max_input_length: z.number().int().min(1),
});
const Vectors = z.array(z.array(z.number()).min(1));
const Ranks = z.array(z.object({ index: z.number().int().min(0), score: z.number() }));

/** `{error, error_type}`; the route in the OpenAI shape has `message` instead of `error`. */
const ErrorBody = z.object({ error_type: z.string() });

/** One Text Embeddings Inference process, by its own API: it can do more than its route in the OpenAI shape. */
export function createTeiClient(options: TeiOptions): TeiClient {
  const http = createHttp({
    service: "huggingface",
    baseUrl: options.baseUrl,
    ...(options.apiKey && { auth: { in: "bearer", secret: options.apiKey } }),
    log: options.log,
    clock: options.clock,
    ...(options.pacer && { pacer: options.pacer }),
    ...(options.observer && { observer: options.observer }),
    explain,
  });
  // Both only compute: asking again changes nothing and is billed by nobody.
  const compute = { method: "POST", idempotent: true, timeoutMs: 30_000 } as const;

  return {
    async info(signal) {
      const { data } = await http.request({ path: "/info", schema: Info, timeoutMs: 5_000, signal, operation: "info" });
      return {
        model: data.model_id,
        kind: data.model_type,
        maxBatch: data.max_client_batch_size,
        maxInputTokens: data.max_input_length,
      };
    },
    async embed(texts, signal) {
      const body = { inputs: texts, normalize: true, truncate: true };
      const schema = Vectors.length(texts.length);
      const { data } = await http.request({ ...compute, path: "/embed", body, schema, signal, operation: "embed" });
      return data;
    },
    async rerank(query, texts, signal) {
      const body = { query, texts, raw_scores: false, truncate: true };
      const schema = Ranks.length(texts.length).transform((ranks) => {
        const scores = new Map(ranks.map(({ index, score }) => [index, score]));
        return texts.map((_, index) => scores.get(index) ?? Number.NaN);
      });
      const complete = schema.refine((scores) => scores.every(Number.isFinite), "has a score for every text");
      const { data } = await http.request({
        ...compute,
        path: "/rerank",
        body,
        schema: complete,
        signal,
        operation: "rerank",
      });
      return data;
    },
    close: () => http.close(),
  };
}

function explain(status: number, body: unknown): VendorFailure | undefined {
  const type = ErrorBody.safeParse(body).data?.error_type;
  if (type === "Overloaded")
    return { kind: "rate_limited", hint: "The GPU host has more work than it takes: try again." };
  if (type === "Unhealthy") return { kind: "unavailable", hint: "Look at the TEI container's log on the GPU host." };
  if (type === "Backend") {
    return {
      kind: "upstream",
      hint: "The model does not do this: one TEI process either embeds or ranks.",
      retryable: false,
    };
  }
  if (type === "Validation" || type === "Tokenizer" || type === "Empty" || status === 413) {
    return { kind: "invalid_input", hint: "Send texts that are not empty, and fewer at once." };
  }
  return undefined;
}
