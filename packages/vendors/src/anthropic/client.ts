// https://docs.anthropic.com/en/api/messages
import type { AppError } from "@sophia/core/errors/app-error";
import { badReply, fromResponse, type VendorFailure } from "@sophia/core/http/failures";
import { createHttp } from "@sophia/core/http/http";
import { readEvents } from "@sophia/core/http/stream-text";
import { z } from "zod";
import type { StreamChunk } from "../openai-shape/event-reader.ts";
import type { OpenAiClient, OpenAiClientOptions } from "../openai-shape/openai-client.ts";
import { ChunkTranslator } from "./chunk-translator.ts";
import { Message, toCompletion } from "./completion.ts";
import { toMessagesRequest } from "./messages-request.ts";

/** The version of the API that this client speaks. https://docs.anthropic.com/en/api/versioning */
const apiVersion = "2023-06-01";
const maxAnswerBytes = 16 * 1024 * 1024;
const maxStreamBytes = 64 * 1024 * 1024;
const maxEventBytes = 2 * 1024 * 1024;
const maxPauseMs = 3_000;
const pageLength = 1_000;

const ModelPage = z.object({ data: z.array(z.object({ id: z.string().min(1).max(200) })).max(pageLength) });

/** https://docs.anthropic.com/en/api/errors */
const ErrorBody = z.object({ type: z.literal("error"), error: z.object({ type: z.string(), message: z.string() }) });

const statusOfType: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  timeout_error: 504,
  overloaded_error: 529,
};

/** A provider of the Messages API, seen as one of the OpenAI shape. */
export function createAnthropicClient(options: OpenAiClientOptions): OpenAiClient {
  const { endpoint, clock, timeoutMs = 300_000 } = options;
  const { service } = endpoint;
  const http = createHttp({
    service,
    baseUrl: endpoint.baseUrl,
    ...(endpoint.apiKey && { auth: { in: "header", name: "x-api-key", secret: endpoint.apiKey } }),
    headers: { "anthropic-version": apiVersion },
    log: options.log,
    clock,
    ...(options.observer && { observer: options.observer }),
    ...(options.pacer && { pacer: options.pacer }),
    maxBytes: maxAnswerBytes,
    // A second attempt would be billed a second time; falling back is the router's decision, not the wire's.
    attempts: 1,
    maxWaitMs: maxPauseMs,
    explain: explainFailure,
  });
  const createdAt = () => Math.floor(clock.now() / 1_000);
  const post = (body: Record<string, unknown>, signal: AbortSignal, leftMs = timeoutMs) => ({
    method: "POST" as const,
    path: "/messages",
    // Not for repeating (see attempts): a lost answer is an upstream failure here, not an effect of unknown outcome.
    idempotent: true,
    timeoutMs: Math.min(timeoutMs, leftMs),
    operation: "chat",
    restedByCaller: true,
    body,
    signal,
  });

  return {
    async listModels(signal) {
      const query = { limit: pageLength };
      const { data } = await http.request({ path: "/models", query, schema: ModelPage, signal, timeoutMs: 8_000 });
      return data.data.map(({ id }) => ({ id, contextLength: undefined, pricing: undefined, kind: "chat" }));
    },
    async complete(body, signal, callOptions) {
      const request = { ...toMessagesRequest(body) };
      delete request.stream;
      const { data } = await http.request({ ...post({ ...request }, signal, callOptions?.timeoutMs), schema: Message });
      return toCompletion(data, createdAt());
    },
    async stream(body, signal, callOptions) {
      const request = { ...toMessagesRequest(body), stream: true };
      const headers = { accept: "text/event-stream" };
      const idleTimeoutMs = options.idleTimeoutMs ?? 60_000;
      const call = post(request, signal, callOptions?.timeoutMs);
      const reply = await http.stream({ ...call, headers, idleTimeoutMs, maxBytes: maxStreamBytes });
      if (!reply.headers["content-type"]?.includes("text/event-stream")) {
        throw badReply(service, "it is not an event stream");
      }
      return translateEvents(service, reply.body, createdAt());
    },
    close: () => http.close(),
  };
}

/** Ends normally only after `message_stop`: a stream that just stops has been cut. */
async function* translateEvents(
  service: string,
  body: AsyncIterable<Buffer>,
  createdAt: number,
): AsyncGenerator<StreamChunk, void, undefined> {
  const translator = new ChunkTranslator({ service, createdAt });
  for await (const { data } of readEvents(service, body, maxEventBytes)) {
    const event = parseEvent(service, data);
    const failure = fromErrorEvent(service, event);
    if (failure) throw failure;
    for (const chunk of translator.translate(event)) {
      yield { data: JSON.stringify(chunk), parsed: chunk as StreamChunk["parsed"] };
    }
    if (translator.ended) return;
  }
  throw badReply(service, "the stream ended in the middle of the answer");
}

function parseEvent(service: string, data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw badReply(service, "an event of the stream is not sound JSON", { cause });
  }
}

function fromErrorEvent(service: string, event: unknown): AppError | undefined {
  const parsed = ErrorBody.safeParse(event);
  if (!parsed.success) return undefined;
  const { type, message } = parsed.data.error;
  const status = statusOfType[type] ?? 500;
  return fromResponse({ service, status, text: message.slice(0, 500), understood: explainFailure(status, event) });
}

const contextText = /prompt is too long|context window|exceed.{0,40}context/i;

/** What a refusal means beyond its status. The vendor's own words stay in the log. */
function explainFailure(status: number, body: unknown): VendorFailure | undefined {
  const parsed = ErrorBody.safeParse(body);
  if (!parsed.success) return undefined;
  const { type, message } = parsed.data.error;
  if (status === 413 || contextText.test(message)) {
    return {
      kind: "invalid_input",
      reason: "context_length",
      hint: "The prompt is longer than this model can read. Shorten it, or pick a model with a longer context (list_models).",
    };
  }
  // Said with a 400 of the same type as a malformed request.
  if (/credit balance is too low/i.test(message)) {
    return { kind: "budget_exceeded", hint: "Top up the provider's account, or use another provider." };
  }
  if (type === "not_found_error") return { kind: "not_found", hint: "list_models shows the models this endpoint has." };
  if (type === "overloaded_error") return { kind: "unavailable", hint: "Try again later, or use another provider." };
  return undefined;
}
