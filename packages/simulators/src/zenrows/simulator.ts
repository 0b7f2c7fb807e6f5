import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, readBody, sendAnswer, sendHalf } from "../apify/answer.ts";
import { realClock, type SimulatorClock } from "../apify/simulator-clock.ts";
import { serve } from "../openai/serve.ts";
import { createFaultSwitch, type FaultSwitch, type HttpFault } from "../tavily/faults.ts";
import { createRandom, logNormal } from "../web-corpus/random.ts";
import { answerBatch } from "./batch-routes.ts";
import { fetchTarget } from "./fetch-route.ts";
import { type Protection, type RecordedCall, refuse, type TargetPage, type ZenRowsState } from "./simulator-state.ts";

export interface ZenRowsSimulatorOptions {
  seed?: number;
  /** Required when given. */
  apiKey?: string;
  port?: number;
  /** How long a page takes. Default: 6 s in the median. */
  latency?: Partial<ZenRowsState["latency"]>;
  /** Default: the machine's. */
  clock?: SimulatorClock;
  /** Default 5, the trial's. */
  concurrency?: number;
  /** Default 1,000. */
  credits?: number;
  /** Beside the made-up web: by address, also on loopback. */
  pages?: ReadonlyMap<string, TargetPage>;
  /** What the pages of a host ask for, by host name. */
  protection?: Readonly<Record<string, Protection>>;
}

export interface ZenRowsSimulator {
  /** Fetch, with `/v1`. */
  url: string;
  /** Batch, with `/v1`. */
  batchUrl: string;
  faults: FaultSwitch<HttpFault>;
  calls(): readonly RecordedCall[];
  creditsUsed(): number;
  /** The most requests there were at a time, and how many were one too many. */
  load(): { most: number; refused: number };
  /** As when the plan changes. */
  setConcurrency(limit: number): void;
  close(): Promise<void>;
}

const callsKept = 5_000;

/** ZenRows on loopback: pages behind protections, credits, slots that a cancelled request keeps, batches. */
export async function startZenRowsSimulator(options: ZenRowsSimulatorOptions = {}): Promise<ZenRowsSimulator> {
  const state: ZenRowsState = {
    clock: options.clock ?? realClock,
    random: createRandom(options.seed ?? 1),
    faults: createFaultSwitch(),
    pages: options.pages ?? new Map(),
    protection: options.protection ?? {},
    latency: { medianMs: 6_000, sigma: 0.5, scale: 1, ...options.latency },
    concurrency: { limit: options.concurrency ?? 5, used: 0, most: 0, refused: 0 },
    credits: { left: options.credits ?? 1_000, used: 0 },
    jobs: new Map(),
    jobByIdempotencyKey: new Map(),
    calls: [],
    made: 0,
  };
  const { apiKey, port } = options;
  const served = await serve((request, response) => handle({ state, apiKey, request, response }), port);
  return {
    url: `${served.origin}/v1`,
    batchUrl: `${served.origin}/async/v1`,
    faults: state.faults,
    calls: () => state.calls,
    creditsUsed: () => state.credits.used,
    load: () => ({ most: state.concurrency.most, refused: state.concurrency.refused }),
    setConcurrency(limit) {
      state.concurrency.limit = limit;
    },
    close: served.close,
  };
}

interface Visit {
  state: ZenRowsState;
  apiKey: string | undefined;
  request: IncomingMessage;
  response: ServerResponse;
}

async function handle({ state, apiKey, request, response }: Visit): Promise<void> {
  const { method = "GET", headers } = request;
  const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://localhost");
  const body = (await readBody(request)).toString("utf8");
  state.calls.push({ method, path: pathname, query: Object.fromEntries(query), headers, body });
  if (state.calls.length > callsKept) state.calls.shift();
  const isFetch = pathname === "/v1/";
  const given = isFetch ? query.get("apikey") : headers["x-api-key"];
  if (apiKey !== undefined && given !== apiKey) {
    return sendAnswer(response, refuse(401, given === null || given === undefined ? "AUTH001" : "AUTH003"));
  }
  const fault = state.faults.take(`${method} ${pathname}`);
  if (fault?.kind === "status") {
    const { status, code = "RESP001", retryAfter } = fault;
    const after = retryAfter === undefined ? {} : { headers: { "retry-after": retryAfter } };
    return sendAnswer(response, { ...refuse(status, code), ...after });
  }
  if (fault?.kind === "html") {
    const bytes = Buffer.from("<!doctype html><title>VENDOR TEXT: bad gateway</title>");
    return sendAnswer(response, { status: fault.status ?? 502, bytes, contentType: "text/html" });
  }
  if (fault?.kind === "cut" && (fault.moment ?? "before") === "before") {
    response.destroy();
    return;
  }
  if (isFetch) return await giveFetch({ state, query, response, fault });
  if (pathname === "/v1/subscriptions/self/details") {
    return sendAnswer(response, { status: 200, json: { status: "ACTIVE", usage: state.credits.used } });
  }
  if (!pathname.startsWith("/async/v1")) return sendAnswer(response, refuse(404, "REQS004"));
  const idempotencyKey = headers["idempotency-key"]?.toString();
  const path = pathname.slice("/async/v1".length);
  give(response, answerBatch({ state, method, path, query, body, idempotencyKey }), fault);
}

interface FetchVisit {
  state: ZenRowsState;
  query: URLSearchParams;
  response: ServerResponse;
  fault: HttpFault | undefined;
}

/** The slot is held until the page has been fetched, whoever still waits for it. */
async function giveFetch({ state, query, response, fault }: FetchVisit): Promise<void> {
  const { concurrency, clock, latency } = state;
  response.setHeader("concurrency-limit", String(concurrency.limit));
  if (concurrency.used >= concurrency.limit) {
    concurrency.refused += 1;
    response.setHeader("concurrency-remaining", "0");
    return sendAnswer(response, refuse(429, "AUTH006"));
  }
  concurrency.used += 1;
  concurrency.most = Math.max(concurrency.most, concurrency.used);
  response.setHeader("concurrency-remaining", String(concurrency.limit - concurrency.used));
  try {
    await clock.sleep(logNormal(state.random, latency.medianMs, latency.sigma) * latency.scale);
    if (fault?.kind === "slow") await clock.sleep(fault.delayMs);
    give(response, fetchTarget(state, query), fault);
  } finally {
    concurrency.used -= 1;
  }
}

function give(response: ServerResponse, answer: Answer, fault: HttpFault | undefined): void {
  if (fault?.kind === "cut" && fault.moment === "after") response.destroy();
  else if (fault?.kind === "cut") sendHalf(response, answer);
  else sendAnswer(response, answer);
}
