import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RecordedCall } from "../openai/call-record.ts";
import { createFaultSwitch, type FaultSwitch } from "../openai/faults.ts";
import { readJson, sendJson } from "../openai/json-body.ts";
import { serve } from "../openai/serve.ts";
import { type Account, createAccount, describeGeneration } from "./account.ts";
import { answerChat } from "./chat-route.ts";
import { answerEmbeddings, answerRerank } from "./vector-routes.ts";
import { describeEndpoints, describeModel, simulatedModels } from "./models.ts";
import type { PostExchange, SimulatorState } from "./simulator-state.ts";
import { wordError } from "./wording.ts";

export interface OpenRouterSimulatorOptions {
  seed?: number;
  /** Required as bearer when given. */
  apiKey?: string;
  port?: number;
  /** Credit bought, USD. Default 100. */
  credits?: number;
  /** Most the key may spend, USD. */
  keyLimit?: number;
  /** Keys that manage the account may read credits and activity. Default true. */
  isManagementKey?: boolean;
  latency?: { firstByteMs?: number; eventMs?: number };
}

export interface OpenRouterSimulator {
  /** Base URL with `/api/v1`. */
  url: string;
  faults: FaultSwitch;
  account: Account;
  calls(): readonly RecordedCall[];
  close(): Promise<void>;
}

/** OpenRouter on loopback: models with several places, credit that runs out, generations that can be looked up. */
export async function startOpenRouterSimulator(options: OpenRouterSimulatorOptions = {}): Promise<OpenRouterSimulator> {
  const { credits = 100, keyLimit, isManagementKey: isManagement = true } = options;
  const state: SimulatorState = {
    seed: options.seed ?? 1,
    apiKey: options.apiKey,
    faults: createFaultSwitch(),
    calls: [],
    account: createAccount({ credits, keyLimit, isManagement }),
    latency: options.latency ?? {},
    cache: new Map(),
    nextGeneration: 1,
  };
  const served = await serve((request, response) => handle(state, request, response), options.port);
  const { faults, account } = state;
  return { url: `${served.origin}/api/v1`, faults, account, calls: () => state.calls, close: served.close };
}

/** These are public. */
const openRoutes = new Set(["GET /models", "GET /embeddings/models", "GET /providers"]);

async function handle(state: SimulatorState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const route = `${request.method} ${url.pathname.replace(/^\/api\/v1/, "")}`;
  response.setHeader("x-request-id", randomUUID());
  const isOpen = openRoutes.has(route) || route.endsWith("/endpoints");
  if (!isOpen && state.apiKey !== undefined && request.headers.authorization !== `Bearer ${state.apiKey}`) {
    return sendJson(response, 401, wordError(401, undefined, "VENDOR TEXT: User not found."));
  }
  if (request.method === "GET") return answerGet(state, url, route, response);
  const answer = postRoutes[route];
  const body = await readJson(request);
  if (!answer) return sendJson(response, 404, wordError(404));
  await answer({ state, body, request, response });
}

const postRoutes: Readonly<Record<string, (exchange: PostExchange) => Promise<void>>> = {
  "POST /chat/completions": answerChat,
  "POST /embeddings": answerEmbeddings,
  "POST /rerank": answerRerank,
};

function answerGet(state: SimulatorState, url: URL, route: string, response: ServerResponse): void {
  const { account } = state;
  const reads: Readonly<Record<string, () => unknown>> = {
    "GET /models": () => listModels((url.searchParams.get("output_modalities") ?? "text").split(",")),
    "GET /embeddings/models": () => listModels(["embeddings"]),
    "GET /key": () => ({ data: account.key() }),
    "GET /providers": () => ({ data: listProviders() }),
    "GET /credits": () => ({ data: account.credits() }),
    "GET /activity": () => ({ data: account.activity() }),
  };
  const isManaged = route === "GET /credits" || route === "GET /activity";
  if (isManaged && account.key()["is_management_key"] !== true) return sendJson(response, 403, wordError(403));
  if (route === "GET /generation") {
    const found = account.find(url.searchParams.get("id") ?? "");
    return found
      ? sendJson(response, 200, { data: describeGeneration(found) })
      : sendJson(response, 404, wordError(404));
  }
  const model = /^GET \/models\/([^/]+\/[^/]+)\/endpoints$/.exec(route)?.[1];
  if (model !== undefined) {
    const found = simulatedModels.find(({ id }) => id === decodeURIComponent(model));
    return found
      ? sendJson(response, 200, { data: describeEndpoints(found) })
      : sendJson(response, 404, wordError(404));
  }
  const read = reads[route];
  return read ? sendJson(response, 200, read()) : sendJson(response, 404, wordError(404));
}

function listModels(modalities: readonly string[]): unknown {
  const listed = simulatedModels.filter(({ kind }) => modalities.includes("all") || modalities.includes(kind));
  return { data: listed.map(describeModel), total_count: listed.length, links: { next: null } };
}

function listProviders(): unknown[] {
  const places = simulatedModels.flatMap((model) => model.places);
  return [...new Map(places.map(({ provider, slug }) => [slug, provider]))].map(([slug, name]) => ({
    name,
    slug,
    privacy_policy_url: null,
    terms_of_service_url: null,
    status_page_url: null,
  }));
}
