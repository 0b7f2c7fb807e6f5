import type { Clock } from "@sophia/core/limits/clock";
import { badReply } from "@sophia/core/http/failures";
import { createHttp, type Http, type HttpCallOptions, type HttpObserver } from "@sophia/core/http/http";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { Logger } from "pino";
import { z } from "zod";
import type { DirectRequest } from "@sophia/core/http/direct-calls";
import { type BytesAnswer, type ChatBody, type EventRelay, openEvents, readCompletion } from "./byte-calls.ts";
import type { CallOptions } from "./call-wishes.ts";
import { type EmbeddingAnswer, parseEmbeddingAnswer } from "./embedding-answer.ts";
import { type StreamChunk, readEvents } from "./event-reader.ts";
import { type ListedModel, ModelReply } from "./listed-model.ts";
import type { ModelEndpoint } from "./model-endpoint.ts";
import { explainFailure, fromErrorBody } from "./provider-errors.ts";
import type { Operation, ProviderProfile } from "./provider-profile.ts";
import { parseRerankAnswer, type RerankAnswer } from "./rerank-answer.ts";
import { parseUsage } from "./usage.ts";

export interface EmbeddingRequest {
  model: string;
  /** Texts to embed. */
  input: readonly string[];
  dimensions?: number;
}

export interface RerankRequest {
  model: string;
  query: string;
  documents: readonly string[];
  /** Results to return. Default: all. */
  topCount?: number;
}

export interface OpenAiClient {
  listModels(signal: AbortSignal): Promise<ListedModel[]>;
  /** A whole completion, checked for shape and for an error inside. */
  complete(body: Record<string, unknown>, signal: AbortSignal, options?: CallOptions): Promise<Record<string, unknown>>;
  /** Resolves when the provider accepts; the chunks end normally only when the answer is whole. */
  stream(
    body: Record<string, unknown>,
    signal: AbortSignal,
    options?: CallOptions,
  ): Promise<AsyncGenerator<StreamChunk, void, undefined>>;
  /** As `complete`, with the answer's own bytes beside it. Absent where answers are translated. */
  completeBytes?(body: ChatBody, signal: AbortSignal, options?: CallOptions): Promise<BytesAnswer>;
  /** As `stream`, pushed instead of pulled. Absent where answers are translated. */
  relayEvents?(body: ChatBody, signal: AbortSignal, options?: CallOptions): Promise<EventRelay>;
  /** Absent where the provider does not embed. */
  embed?(request: EmbeddingRequest, signal: AbortSignal, options?: CallOptions): Promise<EmbeddingAnswer>;
  /** Absent where the provider does not rerank. */
  rerank?(request: RerankRequest, signal: AbortSignal, options?: CallOptions): Promise<RerankAnswer>;
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

const Completion = z.looseObject({ choices: z.array(z.looseObject({})).min(1) });

/** One client for every provider that speaks the shape of https://platform.openai.com/docs/api-reference. */
export function createOpenAiClient(options: OpenAiClientOptions): OpenAiClient {
  const { endpoint } = options;
  const { service } = endpoint;
  // An endpoint without a profile does all as OpenAI does.
  const profile: ProviderProfile = endpoint.profile ?? endpoint;
  const http = createProviderHttp(options, profile);
  const build = createRequestBuilder(profile, options.timeoutMs ?? 300_000);

  /** A whole answer of any operation, after a look for an error inside. */
  async function ask(call: OutgoingCall, signal: AbortSignal, callOptions: CallOptions | undefined): Promise<unknown> {
    const { data, headers } = await http.request({ ...call, signal, schema: z.unknown() });
    const error = fromErrorBody(service, data, profile.explain);
    if (error) throw error;
    tellFacts(profile, headers, callOptions);
    return data;
  }

  return {
    listModels: (signal) => fetchModels(http, profile, signal),
    async complete(body, signal, callOptions) {
      const parsed = Completion.safeParse(await ask(build("chat", body, callOptions), signal, callOptions));
      if (!parsed.success) throw badReply(service, "it is not a completion");
      return parsed.data;
    },
    async stream(body, signal, callOptions) {
      const call = build("chat", body, callOptions);
      const reply = await http.stream({
        ...call,
        signal,
        headers: { ...call.headers, accept: "text/event-stream" },
        idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
        maxBytes: maxStreamBytes,
      });
      tellFacts(profile, reply.headers, callOptions);
      return readEvents(service, reply);
    },
    async completeBytes(body, signal, callOptions) {
      const reply = await http.postDirect(toDirect(build("chat", body.fields, callOptions), body, signal));
      const completion = readCompletion(service, reply.body, profile);
      tellFacts(profile, reply.headers, callOptions);
      return { bytes: reply.body, completion };
    },
    async relayEvents(body, signal, callOptions) {
      const call = toDirect(build("chat", body.fields, callOptions), body, signal);
      const relay = await http.relayDirect({
        ...call,
        headers: { ...call.headers, accept: "text/event-stream" },
        idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
        maxBytes: maxStreamBytes,
      });
      tellFacts(profile, relay.headers, callOptions);
      return await openEvents(service, relay, profile);
    },
    ...createVectorCalls(service, profile, (operation, body, signal, callOptions) =>
      ask(build(operation, body, callOptions), signal, callOptions),
    ),
    close: () => http.close(),
  };
}

type Ask = (
  operation: Operation,
  body: Record<string, unknown>,
  signal: AbortSignal,
  options: CallOptions | undefined,
) => Promise<unknown>;

/** What the provider can do beside chat. */
function createVectorCalls(
  service: string,
  profile: ProviderProfile,
  ask: Ask,
): Pick<OpenAiClient, "embed" | "rerank"> {
  return {
    ...(profile.paths?.embeddings !== false && {
      async embed(request: EmbeddingRequest, signal: AbortSignal, callOptions?: CallOptions) {
        const answer = await ask("embeddings", { ...request }, signal, callOptions);
        tellUsage(answer, callOptions);
        return parseEmbeddingAnswer(service, answer, request.input.length);
      },
    }),
    ...(profile.paths?.rerank !== false && {
      async rerank({ topCount, ...request }: RerankRequest, signal: AbortSignal, callOptions?: CallOptions) {
        const body = { ...request, ...(topCount !== undefined && { top_n: topCount }) };
        const answer = await ask("rerank", body, signal, callOptions);
        tellUsage(answer, callOptions);
        return parseRerankAnswer(service, answer, request.documents.length);
      },
    }),
  };
}

function tellUsage(answer: unknown, options: CallOptions | undefined): void {
  if (!options?.onUsage || typeof answer !== "object" || answer === null) return;
  const usage = parseUsage((answer as { usage?: unknown }).usage);
  if (usage) options.onUsage(usage);
}

function createProviderHttp(options: OpenAiClientOptions, profile: ProviderProfile): Http {
  const { endpoint } = options;
  return createHttp({
    service: endpoint.service,
    baseUrl: endpoint.baseUrl,
    ...(endpoint.apiKey && { auth: profile.auth?.(endpoint.apiKey) ?? { in: "bearer", secret: endpoint.apiKey } }),
    ...(profile.headers && { headers: profile.headers }),
    ...(profile.limits && { limits: profile.limits }),
    ...(profile.retryAfterHeader !== undefined && { retryAfterHeader: profile.retryAfterHeader }),
    log: options.log,
    clock: options.clock,
    ...(options.observer && { observer: options.observer }),
    ...(options.pacer && { pacer: options.pacer }),
    maxBytes: maxAnswerBytes,
    // A second attempt would be billed a second time; falling back is the router's decision, not the wire's.
    attempts: 1,
    // Of what no router asks for: embeddings and ranks.
    breaker: { minimumCalls: 5 },
    maxWaitMs: maxPauseMs,
    explain: (status, body) => profile.explain?.(status, body) ?? explainFailure(status, body),
  });
}

/** The bytes that came are sent on when the profile changes nothing in them. */
function toDirect(call: OutgoingCall, { fields, encoded }: ChatBody, signal: AbortSignal): DirectRequest {
  const { path, headers, operation, part, restedByCaller, timeoutMs } = call;
  return {
    path,
    operation,
    timeoutMs,
    signal,
    maxBytes: maxAnswerBytes,
    body: call.body === fields && encoded ? encoded : JSON.stringify(call.body),
    ...(headers && { headers }),
    ...(part !== undefined && { part }),
    ...(restedByCaller && { restedByCaller }),
  };
}

type OutgoingCall = HttpCallOptions & { operation: Operation; timeoutMs: number } & { body: Record<string, unknown> };

const defaultPaths: Readonly<Record<Operation, string>> = {
  chat: "/chat/completions",
  embeddings: "/embeddings",
  rerank: "/rerank",
};

function createRequestBuilder(profile: ProviderProfile, timeoutMs: number) {
  return (operation: Operation, body: Record<string, unknown>, options: CallOptions | undefined): OutgoingCall => {
    const shaped = profile.shape?.(operation, body, options?.wishes ?? {}) ?? { body };
    return {
      ...shaped,
      method: "POST",
      path: profile.paths?.[operation] || defaultPaths[operation],
      // Not for repeating (see attempts): a lost answer is an upstream failure here, not an effect of unknown outcome.
      idempotent: true,
      timeoutMs: Math.min(timeoutMs, options?.timeoutMs ?? timeoutMs),
      operation,
      // Which model at which place may be asked is the router's to say: a second opinion would contradict its probes.
      ...(operation === "chat" && { restedByCaller: true }),
      // One model of an endpoint may be down while the others answer.
      ...(typeof body["model"] === "string" && { part: body["model"] }),
    };
  };
}

function tellFacts(profile: ProviderProfile, headers: Record<string, string>, options: CallOptions | undefined): void {
  if (options?.onFacts && profile.readFacts) options.onFacts(profile.readFacts(headers));
}

async function fetchModels(http: Http, profile: ProviderProfile, signal: AbortSignal): Promise<ListedModel[]> {
  const lists = profile.modelLists ?? [{ path: "/models" }];
  const replies = await Promise.all(
    lists.map((list) => http.request({ ...list, schema: ModelReply, signal, timeoutMs: 8_000, operation: "models" })),
  );
  const models = replies.flatMap(({ data }) => data);
  return profile.readModel ? models.map(profile.readModel) : models;
}
