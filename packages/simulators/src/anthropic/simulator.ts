import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { readJson, sendJson } from "../openai/json-body.ts";
import { serve } from "../openai/serve.ts";
import { buildMessageAnswer, MessagesRequest } from "./message-answer.ts";
import { buildEvents, buildMessage } from "./message-replies.ts";

/** Ways to fail the next call to a model. Events are counted from 1. */
export type AnthropicFault =
  | { kind: "error"; status: number; type: string; message?: string; retryAfter?: string }
  | { kind: "cut"; afterEvents: number }
  | { kind: "overloaded_in_stream"; afterEvents: number }
  | { kind: "slow"; delayMs: number };

export interface AnthropicSimulator {
  /** Base URL with `/v1`. */
  url: string;
  /** The next call fails this way. */
  fail(fault: AnthropicFault): void;
  /** Bodies of the calls to models, as they arrived. */
  requests(): readonly MessagesRequest[];
  close(): Promise<void>;
}

interface State {
  seed: number;
  apiKey: string;
  faults: AnthropicFault[];
  requests: MessagesRequest[];
}

const models = [
  { id: "simulated-small", contextTokens: 4_000 },
  { id: "simulated-large", contextTokens: 200_000 },
];
const requestsKept = 2_000;

/** A provider of the Messages API on loopback; every text it gives says that it is simulated. https://docs.anthropic.com/en/api */
export async function startAnthropicSimulator(options: { apiKey: string; seed?: number }): Promise<AnthropicSimulator> {
  const state: State = { seed: options.seed ?? 1, apiKey: options.apiKey, faults: [], requests: [] };
  const served = await serve((request, response) => handle(state, request, response));
  return {
    url: `${served.origin}/v1`,
    fail: (fault) => state.faults.push(fault),
    requests: () => state.requests,
    close: served.close,
  };
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // The documented header, and the one that the vendor's own SDK sends.
  const { authorization, "x-api-key": apiKey } = request.headers;
  if (apiKey !== state.apiKey && authorization !== `Bearer ${state.apiKey}`) {
    return sendError(response, { status: 401, type: "authentication_error", message: "invalid x-api-key" });
  }
  if (request.headers["anthropic-version"] === undefined) {
    const message = "anthropic-version: header is required";
    return sendError(response, { status: 400, type: "invalid_request_error", message });
  }
  const route = `${request.method} ${request.url?.split("?")[0]}`;
  if (route === "GET /v1/models") {
    const data = models.map(({ id }) => ({ id, type: "model", display_name: id, created_at: "2026-01-01T00:00:00Z" }));
    return sendJson(response, 200, { data, has_more: false, first_id: data[0]?.id, last_id: data.at(-1)?.id });
  }
  if (route !== "POST /v1/messages") return sendError(response, { status: 404, type: "not_found_error" });
  const parsed = MessagesRequest.safeParse(await readJson(request));
  if (!parsed.success) {
    const message = parsed.error.issues[0]?.message ?? "";
    return sendError(response, { status: 400, type: "invalid_request_error", message });
  }
  await answer(state, parsed.data, response);
}

async function answer(state: State, request: MessagesRequest, response: ServerResponse): Promise<void> {
  state.requests.push(request);
  if (state.requests.length > requestsKept) state.requests.shift();
  const fault = state.faults.shift();
  if (fault?.kind === "error") return sendError(response, fault);
  if (fault?.kind === "slow") await delay(fault.delayMs);
  const model = models.find(({ id }) => id === request.model);
  if (!model) return sendError(response, { status: 404, type: "not_found_error", message: `model: ${request.model}` });
  const message = buildMessageAnswer(request, state.seed);
  if (message.inputTokens > model.contextTokens) {
    const text = `prompt is too long: ${message.inputTokens} tokens > ${model.contextTokens} maximum`;
    return sendError(response, { status: 400, type: "invalid_request_error", message: text });
  }
  if (request.stream !== true) return sendJson(response, 200, buildMessage(request.model, message));
  sendEvents(response, buildEvents(request.model, message), fault);
}

function sendEvents(response: ServerResponse, events: readonly { type: string }[], fault?: AnthropicFault): void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  for (const [index, event] of events.entries()) {
    if (fault && "afterEvents" in fault && fault.afterEvents === index) {
      if (fault.kind === "cut") {
        response.write('event: content_block_delta\ndata: {"type":"content_bl', () => response.destroy());
        return;
      }
      const error = { type: "error", error: { type: "overloaded_error", message: "VENDOR TEXT: Overloaded" } };
      response.end(`event: error\ndata: ${JSON.stringify(error)}\n\n`);
      return;
    }
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

/** https://docs.anthropic.com/en/api/errors */
function sendError(
  response: ServerResponse,
  { status, type, message, retryAfter }: { status: number; type: string; message?: string; retryAfter?: string },
): void {
  if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
  const error = { type, message: message ?? "VENDOR TEXT: simulated failure" };
  sendJson(response, status, { type: "error", error, request_id: "req_simulated" });
}
