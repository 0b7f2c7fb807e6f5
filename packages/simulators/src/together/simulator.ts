import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RecordedCall } from "../openai/call-record.ts";
import { createFaultSwitch, type FaultSwitch } from "../openai/faults.ts";
import { readJson, sendJson } from "../openai/json-body.ts";
import { serve } from "../openai/serve.ts";
import { answerChat } from "./chat-route.ts";
import { listModels } from "./models.ts";
import { createRateWindow } from "./rate-window.ts";
import type { PostExchange, SimulatorState } from "./simulator-state.ts";
import { answerEmbeddings, answerRerank } from "./vector-routes.ts";
import { wordError } from "./wording.ts";

export interface TogetherSimulatorOptions {
  seed?: number;
  /** Required as bearer when given. */
  apiKey?: string;
  port?: number;
  /** Default 600. */
  requestsPerMinute?: number;
  latency?: { firstByteMs?: number; eventMs?: number };
}

export interface TogetherSimulator {
  /** Base URL with `/v1`. */
  url: string;
  faults: FaultSwitch;
  calls(): readonly RecordedCall[];
  close(): Promise<void>;
}

/** Together AI on loopback: models with prices, chat, embeddings, reranking, a rate limit. */
export async function startTogetherSimulator(options: TogetherSimulatorOptions = {}): Promise<TogetherSimulator> {
  const state: SimulatorState = {
    seed: options.seed ?? 1,
    apiKey: options.apiKey,
    faults: createFaultSwitch(),
    calls: [],
    rate: createRateWindow({ requests: options.requestsPerMinute ?? 600, windowMs: 60_000 }),
    latency: options.latency ?? {},
  };
  const served = await serve((request, response) => handle(state, request, response), options.port);
  return { url: `${served.origin}/v1`, faults: state.faults, calls: () => state.calls, close: served.close };
}

const postRoutes: Readonly<Record<string, (exchange: PostExchange) => Promise<void>>> = {
  "POST /chat/completions": answerChat,
  "POST /embeddings": answerEmbeddings,
  "POST /rerank": answerRerank,
};

async function handle(state: SimulatorState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const route = `${request.method} ${(request.url ?? "/").split("?")[0]?.replace(/^\/v1/, "")}`;
  response.setHeader("x-request-id", randomUUID());
  if (state.apiKey !== undefined && request.headers.authorization !== `Bearer ${state.apiKey}`) {
    return sendJson(response, 401, wordError("invalid_api_key", "authentication_error"));
  }
  const { isAllowed, headers } = state.rate.enter();
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (!isAllowed) return sendJson(response, 429, wordError(429));
  if (route === "GET /models") return sendJson(response, 200, listModels());
  const answer = postRoutes[route];
  const body = await readJson(request);
  if (!answer) return sendJson(response, 404, wordError(404));
  await answer({ state, body, response });
}
