import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, readBody, sendAnswer, sendHalf } from "../apify/answer.ts";
import { realClock, type SimulatorClock } from "../apify/simulator-clock.ts";
import { serve } from "../openai/serve.ts";
import { createRandom, logNormal } from "../web-corpus/random.ts";
import { createAccount, createRateWindows, type TavilyPlan } from "./account.ts";
import { createFaultSwitch, type FaultSwitch } from "./faults.ts";
import { getResearch, startResearch } from "./research-routes.ts";
import { extract, search } from "./search-routes.ts";
import {
  type Exchange,
  type RecordedCall,
  refuse,
  type Route,
  type TavilyFault,
  type TavilyState,
} from "./simulator-state.ts";
import { crawl, map } from "./site-routes.ts";

export interface TavilySimulatorOptions {
  seed?: number;
  /** Required as bearer when given. */
  apiKey?: string;
  port?: number;
  /** How long a search takes; crawls four times as long, research some 40 times. Default: 1.2 s in the median. */
  latency?: Partial<TavilyState["latency"]>;
  /** Default: the machine's. */
  clock?: SimulatorClock;
  plan?: Partial<TavilyPlan>;
  /** Of the default class. Default 100, that of a development key. */
  requestsPerMinute?: number;
}

export interface TavilySimulator {
  url: string;
  faults: FaultSwitch<TavilyFault>;
  calls(): readonly RecordedCall[];
  /** How many research tasks were ever started. */
  researchCount(): number;
  close(): Promise<void>;
}

const callsKept = 5_000;

/** Tavily on loopback over the made-up web: credits, limits by class, groups that fill, research that takes its time. */
export async function startTavilySimulator(options: TavilySimulatorOptions = {}): Promise<TavilySimulator> {
  const { apiKey, clock = realClock, seed = 1 } = options;
  const state: TavilyState = {
    clock,
    random: createRandom(seed),
    faults: createFaultSwitch(),
    account: createAccount({ planLimit: 1_000, paygoLimit: 0, ...options.plan }),
    rates: createRateWindows(clock, options.requestsPerMinute ?? 100),
    latency: { medianMs: 1_200, sigma: 0.4, scale: 1, ...options.latency },
    research: new Map(),
    calls: [],
    made: 0,
  };
  const served = await serve((request, response) => handle({ state, apiKey, request, response }), options.port);
  return {
    url: served.origin,
    faults: state.faults,
    calls: () => state.calls,
    researchCount: () => state.research.size,
    close: served.close,
  };
}

const routes: Readonly<Record<string, Route>> = {
  "POST /search": search,
  "POST /extract": extract,
  "POST /crawl": crawl,
  "POST /map": map,
  "POST /research": startResearch,
  "GET /research/*": getResearch,
  "GET /usage": ({ state }) => ({ status: 200, json: state.account.describe() }),
};

interface Visit {
  state: TavilyState;
  apiKey: string | undefined;
  request: IncomingMessage;
  response: ServerResponse;
}

async function handle({ state, apiKey, request, response }: Visit): Promise<void> {
  const { method = "GET", headers } = request;
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const bytes = await readBody(request);
  const body = parseObject(bytes);
  const projectId = headers["x-project-id"];
  state.calls.push({
    method,
    path,
    body: body ?? {},
    projectId: projectId === undefined ? undefined : String(projectId),
  });
  if (state.calls.length > callsKept) state.calls.shift();
  const { authorization } = headers;
  if (apiKey !== undefined && authorization === undefined) return sendAnswer(response, refuseKeyless());
  if (apiKey !== undefined && authorization !== `Bearer ${apiKey}`) return sendAnswer(response, refuse(401));
  const waitSeconds = state.rates.enter(method, path);
  if (waitSeconds !== undefined) {
    return sendAnswer(response, { ...refuse(429), headers: { "retry-after": String(waitSeconds) } });
  }
  const fault = state.faults.take(`${method} ${path}`);
  if (fault?.kind === "status") return sendAnswer(response, refuseAs(fault));
  if (fault?.kind === "html") {
    const page = Buffer.from("<!doctype html><title>VENDOR TEXT: maintenance</title>");
    return sendAnswer(response, { status: fault.status ?? 502, bytes: page, contentType: "text/html" });
  }
  if (fault?.kind === "cut" && (fault.moment ?? "before") === "before") {
    response.destroy();
    return;
  }
  if (!body) return sendAnswer(response, refuse(400, "VENDOR TEXT: the body is no JSON object"));
  await answer({ state, path, body, fault, startedAt: state.clock.now() }, method, response);
}

async function answer(exchange: Exchange, method: string, response: ServerResponse): Promise<void> {
  const { state, path, fault } = exchange;
  const route = routes[`${method} ${path.replace(/^\/research\/.+/, "/research/*")}`];
  if (!route) return sendAnswer(response, refuse(404, "VENDOR TEXT: Not Found"));
  const isPaid = method === "POST";
  const refusal = isPaid ? state.account.refusal() : undefined;
  if (refusal !== undefined) return sendAnswer(response, refuse(refusal));
  const { medianMs, sigma, scale } = state.latency;
  const times = path === "/crawl" || path === "/map" ? 4 : 1;
  const isQuick = !isPaid || path === "/research";
  if (!isQuick) await state.clock.sleep(logNormal(state.random, medianMs, sigma) * times * scale);
  if (fault?.kind === "slow") await state.clock.sleep(fault.delayMs);
  const given = route(exchange);
  if (fault?.kind === "cut" && fault.moment === "after") response.destroy();
  else if (fault?.kind === "cut") sendHalf(response, given);
  else sendAnswer(response, given);
}

function refuseAs({ status, retryAfter }: { status: number; retryAfter?: string }): Answer {
  return { ...refuse(status), ...(retryAfter !== undefined && { headers: { "retry-after": retryAfter } }) };
}

/** What the vendor's own client reads as its keyless limit. */
function refuseKeyless(): Answer {
  const error = { code: "keyless_limit", message: "VENDOR TEXT: sign up for a key", retry_after_seconds: 3_600 };
  return { status: 429, json: { error } };
}

function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  if (bytes.length === 0) return {};
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
