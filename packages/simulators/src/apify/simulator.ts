import type { IncomingMessage, ServerResponse } from "node:http";
import { serve } from "../openai/serve.ts";
import { createAccount, type AccountLimits } from "./account.ts";
import { getLimits, getMonthlyUsage, getUser } from "./account-routes.ts";
import { findActor } from "./actors.ts";
import { type Answer, readBody, sendAnswer, sendHalf } from "./answer.ts";
import {
  createTask,
  getActor,
  getDefaultBuild,
  getTask,
  listActors,
  listTasks,
  searchStore,
  validateInput,
} from "./catalogue-routes.ts";
import { describeRun } from "./describe-run.ts";
import { answerFaults, type ApifyFault, createFaultSwitch, type FaultSwitch } from "./faults.ts";
import { createRateLimits } from "./rate-limits.ts";
import { abortRun, getLog, getRun, listRuns, startActorRun, startTaskRun } from "./run-routes.ts";
import { realClock, type SimulatorClock } from "./simulator-clock.ts";
import { type ApifyState, type Exchange, makeId, type RecordedCall, type RunLatency } from "./simulator-state.ts";
import {
  getDataset,
  getItems,
  getRecord,
  getStatistics,
  getStore,
  listDatasets,
  listKeys,
  listStores,
  putRecord,
} from "./storage-routes.ts";
import { createWebhooks } from "./webhooks.ts";
import { refuse } from "./wording.ts";

export interface ApifySimulatorOptions {
  seed?: number;
  /** Required as bearer when given. */
  apiKey?: string;
  port?: number;
  /** How long runs take. Default: 15 s in the median, in real time. */
  latency?: Partial<RunLatency>;
  /** Default: the machine's. */
  clock?: SimulatorClock;
  limits?: Partial<AccountLimits>;
  /** Default 0. */
  replicaLagMs?: number;
  /** Makes the published rates this much smaller. Default 1. */
  rateDivisor?: number;
}

export interface ApifySimulator {
  /** Base URL with `/v2`. */
  url: string;
  faults: FaultSwitch;
  calls(): readonly RecordedCall[];
  /** How many runs were ever started: what a second start would cost twice. */
  runCount(): number;
  close(): Promise<void>;
}

const callsKept = 5_000;

/**
 * Apify on loopback: a few Actors over the made-up web, runs that take their time and cost money, datasets, key-value
 * stores, tasks, webhooks, limits. https://docs.apify.com/api/v2
 */
export async function startApifySimulator(options: ApifySimulatorOptions = {}): Promise<ApifySimulator> {
  const { apiKey, clock = realClock, seed = 1 } = options;
  const closing = new AbortController();
  const runs: ApifyState["runs"] = new Map();
  const limits = { maxMonthlyUsageUsd: 100, maxActorMemoryGbytes: 32, maxConcurrentActorJobs: 32, ...options.limits };
  const state: ApifyState = {
    seed,
    origin: "",
    clock,
    faults: createFaultSwitch(),
    rates: createRateLimits(clock, options.rateDivisor ?? 1),
    account: createAccount({ limits, clock, runs }),
    latency: { medianMs: 15_000, sigma: 0.6, scale: 1, ...options.latency },
    replicaLagMs: options.replicaLagMs ?? 0,
    runs,
    stores: new Map(),
    tasks: new Map(),
    webhooks: createWebhooks({ state: () => state, closed: closing.signal, describeRun }),
    calls: [],
    made: 0,
  };
  const actorId = findActor("simulated~press-archive")?.id ?? "";
  const task = { actorId, name: "press-digest", input: { maxItems: 3 } };
  const taskId = makeId(state);
  state.tasks.set(taskId, { ...task, id: taskId, createdAt: clock.now() });
  const served = await serve((request, response) => handle({ state, apiKey, request, response }), options.port);
  state.origin = served.origin;
  return {
    url: `${served.origin}/v2`,
    faults: state.faults,
    calls: () => state.calls,
    runCount: () => runs.size,
    async close() {
      closing.abort();
      await served.close();
    },
  };
}

interface Visit {
  state: ApifyState;
  apiKey: string | undefined;
  request: IncomingMessage;
  response: ServerResponse;
}

async function handle({ state, apiKey, request, response }: Visit): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const path = decodeURI(url.pathname.replace(/^\/v2/, ""));
  const { method = "GET", headers } = request;
  const userAgent = headers["user-agent"] ?? "";
  state.calls.push({ method, path, query: url.search, userAgent });
  if (state.calls.length > callsKept) state.calls.shift();
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const body = await readBody(request);
  const exchange: Exchange = {
    state,
    method,
    path,
    query: url.searchParams,
    body,
    headers: { contentType: headers["content-type"] ?? "application/octet-stream", userAgent },
    gone: gone.signal,
  };
  const isOpen = path === "/store";
  if (!isOpen && apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`) {
    return sendAnswer(response, refuse(401, headers.authorization === undefined ? "token-not-provided" : undefined));
  }
  const { limit, isAllowed } = state.rates.enter(method, path);
  response.setHeader("x-ratelimit-limit", String(limit));
  if (!isAllowed) return sendAnswer(response, refuse(429));
  await answer(exchange, response);
}

async function answer(exchange: Exchange, response: ServerResponse): Promise<void> {
  const { faults, clock } = exchange.state;
  const fault = faults.take(`${exchange.method} ${exchange.path}`, answerFaults);
  const moment = fault && "moment" in fault ? fault.moment : undefined;
  const isDone = fault === undefined || fault.kind === "slow" || moment === "after" || moment === "half_body";
  if (fault?.kind === "slow" && moment !== "after") await clock.sleep(fault.delayMs, exchange.gone);
  const given = isDone ? await route(exchange) : refuse(500);
  if (fault?.kind === "slow" && moment === "after") await clock.sleep(fault.delayMs, exchange.gone);
  give(response, given, fault);
}

function give(response: ServerResponse, given: Answer, fault: ApifyFault | undefined): void {
  if (fault?.kind === "cut") {
    if (fault.moment === "half_body") sendHalf(response, given);
    else response.destroy();
  } else if (fault?.kind === "html") {
    const bytes = Buffer.from("<!doctype html><title>VENDOR TEXT: maintenance</title>");
    sendAnswer(response, { status: fault.status ?? 502, bytes, contentType: "text/html" });
  } else if (fault?.kind === "status") {
    const { status, type, retryAfter } = fault;
    const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
    sendAnswer(response, { ...refuse(status, type), headers });
  } else sendAnswer(response, given);
}

type Route = (exchange: Exchange, id: string, second: string) => Answer | Promise<Answer>;

/** `*` stands for one part of the path, which the route gets. */
const routes: Readonly<Record<string, Route>> = {
  "GET /store": searchStore,
  "GET /actors": listActors,
  "GET /actors/*": getActor,
  "GET /actors/*/builds/default": getDefaultBuild,
  "POST /actors/*/validate-input": validateInput,
  "POST /actors/*/runs": startActorRun,
  "GET /actors/*/runs": listRuns,
  "GET /actor-runs": (exchange) => listRuns(exchange),
  "GET /actor-runs/*": getRun,
  "POST /actor-runs/*/abort": abortRun,
  "GET /logs/*": getLog,
  "GET /actor-runs/*/log": getLog,
  "GET /actor-tasks": listTasks,
  "POST /actor-tasks": createTask,
  "GET /actor-tasks/*": getTask,
  "POST /actor-tasks/*/runs": startTaskRun,
  "GET /datasets": listDatasets,
  "GET /datasets/*": getDataset,
  "GET /datasets/*/items": getItems,
  "GET /datasets/*/statistics": getStatistics,
  "GET /key-value-stores": listStores,
  "GET /key-value-stores/*": getStore,
  "GET /key-value-stores/*/keys": listKeys,
  "GET /key-value-stores/*/records/*": getRecord,
  "PUT /key-value-stores/*/records/*": putRecord,
  "GET /users/me": getUser,
  "GET /users/me/limits": getLimits,
  "GET /users/me/usage/monthly": getMonthlyUsage,
  "POST /webhooks": (exchange) => exchange.state.webhooks.create(exchange),
  "GET /webhooks": ({ state, query }) => state.webhooks.list(query),
  "GET /webhook-dispatches": ({ state, query }) => state.webhooks.listDispatches(query),
  "GET /webhook-dispatches/*": ({ state }, id) => state.webhooks.getDispatch(id),
};

const patterns = Object.entries(routes).map(([name, run]) => ({
  pattern: new RegExp(`^${name.replaceAll("*", "([^/]+)")}$`),
  run,
}));

async function route(exchange: Exchange): Promise<Answer> {
  const name = `${exchange.method} ${exchange.path}`;
  for (const { pattern, run } of patterns) {
    const match = pattern.exec(name);
    if (match) return await run(exchange, match[1] ?? "", match[2] ?? "");
  }
  return refuse(404, "page-not-found");
}
