import { hash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { buildAnswer } from "../openai/answer.ts";
import { buildChunks, buildCompletion } from "../openai/chat-replies.ts";
import { ChatRequest } from "../openai/chat-request.ts";
import { readJson, sendJson } from "../openai/json-body.ts";
import { serve } from "../openai/serve.ts";
import { buildAnalytics } from "./analytics.ts";
import { type GatewayWish, readGatewayWish } from "./gateway-config.ts";
import { createLogExports, type LogExports } from "./log-exports.ts";
import type { LoggedRequest } from "./request-log.ts";

export interface PortkeySimulator {
  /** Base URL with `/v1`. */
  url: string;
  /** The next `times` chats fail in the gateway's own way. */
  fail(status: number, times: number): void;
  requests(): readonly LoggedRequest[];
  close(): Promise<void>;
}

interface State {
  apiKey: string;
  seed: number;
  requests: LoggedRequest[];
  cached: Map<string, unknown>;
  failures: { status: number; left: number };
  exports: LogExports;
  url: string;
}

const FeedbackRequest = z.looseObject({
  trace_id: z.string(),
  value: z.number().int().min(-10).max(10),
  weight: z.number().min(0).max(1).optional(),
});
const FeedbackUpdate = FeedbackRequest.omit({ trace_id: true });

const kept = 2_000;
const centsPerToken = 0.0002;

/**
 * Portkey on loopback: a gateway with its cache, and what it tells about the requests that went through: analytics,
 * exports of its log, feedback. https://portkey.ai/docs/api-reference
 */
export async function startPortkeySimulator(options: { apiKey: string; seed?: number }): Promise<PortkeySimulator> {
  const requests: LoggedRequest[] = [];
  const exports = createLogExports({ requests, baseUrl: () => state.url });
  const failures = { status: 0, left: 0 };
  const { apiKey, seed = 1 } = options;
  const state: State = { apiKey, seed, requests, cached: new Map(), failures, exports, url: "" };
  const served = await serve((request, response) => handle(state, request, response));
  state.url = served.origin;
  return {
    url: `${state.url}/v1`,
    fail: (status, times) => void Object.assign(failures, { status, left: times }),
    requests: () => requests,
    close: served.close,
  };
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const signed = /^\/signed\/([\w-]+)$/.exec(pathname)?.[1];
  if (signed !== undefined) {
    const rows = state.exports.download(signed);
    response.writeHead(rows === undefined ? 403 : 200, { "content-type": "application/jsonl" }).end(rows);
    return;
  }
  if (request.headers["x-portkey-api-key"] !== state.apiKey) return sendFailure(response, 401, "Invalid API Key");
  const body = request.method === "GET" ? undefined : await readJson(request);
  const route = `${request.method} ${pathname.replace(/^\/v1/, "")}`;
  if (route === "POST /chat/completions") return chat(state, { request, body, response });
  if (route === "GET /models") {
    const data = [{ id: "@openai/gpt-5-mini", object: "model", created: 1_750_000_000, owned_by: "openai" }];
    return sendJson(response, 200, { object: "list", data });
  }
  const analytics = /^GET \/analytics\/(.+)$/.exec(route)?.[1];
  if (analytics !== undefined) return sendAnalytics(state, response, { path: analytics, query: searchParams });
  if (route === "POST /feedback" || route.startsWith("PUT /feedback/"))
    return takeFeedback(state, route, body, response);
  const logs = /^\/logs\/exports(.*)$/.exec(pathname.replace(/^\/v1/, ""))?.[1];
  const answer = logs === undefined ? undefined : state.exports.answer(request.method ?? "GET", logs, body);
  if (answer) return sendJson(response, answer.status, answer.body);
  sendFailure(response, 404, "Not found");
}

function sendAnalytics(
  { requests }: State,
  response: ServerResponse,
  { path, query }: { path: string; query: URLSearchParams },
): void {
  const missing = ["time_of_generation_min", "time_of_generation_max"].find((name) => !query.has(name));
  if (missing !== undefined) return sendFailure(response, 400, `${missing} is required`);
  const body = buildAnalytics(path, query, requests);
  if (body === undefined) sendFailure(response, 404, "Not found");
  else sendJson(response, 200, body);
}

function chat(
  state: State,
  { request, body, response }: { request: IncomingMessage; body: unknown; response: ServerResponse },
): void {
  const parsed = ChatRequest.safeParse(body);
  const model = parsed.data?.model ?? "";
  const wish = readGatewayWish(request.headers, model);
  if (typeof wish === "string") return sendFailure(response, 400, wish);
  if (!parsed.success) return sendFailure(response, 400, "Invalid request body");
  if (state.failures.left > 0) {
    state.failures.left -= 1;
    log(state, wish, { model, status: state.failures.status, cache: "MISS", tokens: [0, 0] });
    return sendFailure(response, state.failures.status, "VENDOR TEXT: simulated failure");
  }
  const { key, cache } = lookUp(state, wish, parsed.data);
  const answer = buildAnswer(parsed.data, state.seed, 0);
  state.cached.set(key, true);
  const traceId = log(state, wish, {
    model,
    status: 200,
    cache,
    tokens: [answer.promptTokens, answer.completionTokens],
  });
  response.setHeader("x-portkey-cache-status", cache);
  response.setHeader("x-portkey-trace-id", traceId);
  response.setHeader("x-portkey-retry-attempt-count", "0");
  response.setHeader("x-portkey-last-used-option-index", "config");
  const usage = { usage: true };
  if (parsed.data.stream !== true) {
    return sendJson(response, 200, withoutRefusal(buildCompletion(parsed.data, [answer], usage)));
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const chunk of buildChunks(parsed.data, [answer], usage)) {
    response.write(`data: ${JSON.stringify(withoutRefusal(chunk))}\n\n`);
  }
  response.end("data: [DONE]\n\n");
}

/** The member came to OpenAI's shape after the vendor wrote its description down. */
function withoutRefusal(completion: unknown): unknown {
  return JSON.parse(JSON.stringify(completion, (name, value: unknown) => (name === "refusal" ? undefined : value)));
}

/** Semantic here: the same but for case and spaces. */
function lookUp(
  { cached }: State,
  wish: GatewayWish,
  request: ChatRequest,
): { key: string; cache: LoggedRequest["cache"] } {
  const semantic = wish.cacheMode === "semantic";
  const text = JSON.stringify([wish.namespace, request.model, request.messages]);
  const key = hash("sha256", semantic ? text.toLowerCase().replace(/\s+/g, " ") : text);
  if (wish.cacheMode === undefined) return { key, cache: "DISABLED" };
  if (wish.refresh) return { key, cache: "REFRESH" };
  const found = cached.has(key);
  if (semantic) return { key, cache: found ? "SEMANTIC HIT" : "SEMANTIC MISS" };
  return { key, cache: found ? "HIT" : "MISS" };
}

function log(
  { requests }: State,
  wish: GatewayWish,
  call: { model: string; status: number; cache: LoggedRequest["cache"]; tokens: [number, number] },
): string {
  const [promptTokens, completionTokens] = call.tokens;
  const free = call.cache === "HIT" || call.cache === "SEMANTIC HIT";
  const traceId = wish.traceId ?? randomUUID();
  requests.push({
    id: randomUUID(),
    traceId,
    at: Date.now(),
    provider: wish.provider,
    model: call.model.replace(/^@[\w-]+\//, ""),
    promptTokens,
    completionTokens,
    cost: free ? 0 : (promptTokens + completionTokens) * centsPerToken,
    latencyMs: free ? 4 : 20 + completionTokens,
    status: call.status,
    cache: call.cache,
    metadata: wish.metadata,
    feedback: [],
  });
  if (requests.length > kept) requests.shift();
  return traceId;
}

function takeFeedback({ requests }: State, route: string, body: unknown, response: ServerResponse): void {
  const all = requests.flatMap(({ feedback }) => feedback);
  if (route === "POST /feedback") {
    const parsed = FeedbackRequest.safeParse(body);
    const traced = requests.filter(({ traceId }) => traceId === parsed.data?.trace_id);
    if (!parsed.success || traced.length === 0) return sendFailure(response, 400, "Invalid feedback");
    const { value, weight = 1 } = parsed.data;
    const given = { id: randomUUID(), value, weight };
    for (const { feedback } of traced) feedback.push(given);
    return sendFeedback(response, given.id);
  }
  const parsed = FeedbackUpdate.safeParse(body);
  const id = route.slice("PUT /feedback/".length);
  const found = all.filter((each) => each.id === id);
  if (!parsed.success || found.length === 0) return sendFailure(response, 400, "Invalid feedback");
  for (const each of found) Object.assign(each, { value: parsed.data.value, weight: parsed.data.weight ?? 1 });
  sendFeedback(response, id);
}

function sendFeedback(response: ServerResponse, id: string): void {
  sendJson(response, 200, { status: "success", message: "Feedback successfully saved", feedback_ids: [id] });
}

function sendFailure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { status: "failure", message });
}
