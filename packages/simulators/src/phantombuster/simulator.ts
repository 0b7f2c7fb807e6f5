import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, readBody, sendAnswer, sendHalf } from "../apify/answer.ts";
import { realClock, type SimulatorClock } from "../apify/simulator-clock.ts";
import { serve } from "../openai/serve.ts";
import { createFaultSwitch, type FaultSwitch } from "../tavily/faults.ts";
import { createRandom } from "../web-corpus/random.ts";
import { getAgent, getAgentOutput, getResources, launch, listAgents, stop } from "./agent-routes.ts";
import { getContainer, getOutput, getResult, listContainers } from "./container-routes.ts";
import {
  type PhantombusterFault,
  type PhantombusterState,
  type RecordedCall,
  refuse,
  type Route,
} from "./simulator-state.ts";

export interface PhantombusterSimulatorOptions {
  seed?: number;
  /** Required as `X-Phantombuster-Key` when given. */
  apiKey?: string;
  port?: number;
  /** How long a run takes. Default: 60 s in the median. */
  latency?: Partial<PhantombusterState["latency"]>;
  /** Default: the machine's. */
  clock?: SimulatorClock;
  plan?: Partial<PhantombusterState["plan"]>;
}

export interface PhantombusterSimulator {
  url: string;
  faults: FaultSwitch<PhantombusterFault>;
  calls(): readonly RecordedCall[];
  /** How many runs were ever begun. */
  launchCount(): number;
  close(): Promise<void>;
}

const prefix = "/api/v2";
const callsKept = 5_000;
const names = ["Simulated Profile Posts", "Simulated Company Pages", "Simulated Search Export"];

/** PhantomBuster on loopback: agents, runs that take their time and fill slots, a log that grows, execution time. */
export async function startPhantombusterSimulator(
  options: PhantombusterSimulatorOptions = {},
): Promise<PhantombusterSimulator> {
  const { apiKey, clock = realClock, seed = 1 } = options;
  const createdAt = Date.UTC(2026, 0, 1);
  const agents = names.map((name, index) => ({
    id: String(7_000_000_000_000_001 + index),
    name,
    script: `${name}.js`,
    createdAt,
    launchCount: 0,
    lastEndType: null,
  }));
  const state: PhantombusterState = {
    clock,
    random: createRandom(seed),
    faults: createFaultSwitch(),
    plan: { parallelism: 2, dailyExecutionTimeMs: 7_200_000, ...options.plan },
    latency: { medianMs: 60_000, sigma: 0.5, scale: 1, ...options.latency },
    agents: new Map(agents.map((agent) => [agent.id, agent])),
    containers: new Map(),
    launched: 0,
    calls: [],
  };
  const served = await serve((request, response) => handle({ state, apiKey, request, response }), options.port);
  return {
    url: served.origin + prefix,
    faults: state.faults,
    calls: () => state.calls,
    launchCount: () => state.launched,
    close: served.close,
  };
}

const routes: Readonly<Record<string, Route>> = {
  "GET /agents/fetch-all": listAgents,
  "GET /agents/fetch": getAgent,
  "GET /agents/fetch-output": getAgentOutput,
  "POST /agents/launch": launch,
  "POST /agents/stop": stop,
  "GET /containers/fetch-all": listContainers,
  "GET /containers/fetch": getContainer,
  "GET /containers/fetch-output": getOutput,
  "GET /containers/fetch-result-object": getResult,
  "GET /orgs/fetch-resources": getResources,
};

interface Visit {
  state: PhantombusterState;
  apiKey: string | undefined;
  request: IncomingMessage;
  response: ServerResponse;
}

async function handle({ state, apiKey, request, response }: Visit): Promise<void> {
  const { method = "GET", headers } = request;
  const url = new URL(request.url ?? "/", "http://localhost");
  const path = url.pathname.replace(prefix, "");
  const body = parseObject(await readBody(request));
  const orgId = headers["x-phantombuster-org"];
  state.calls.push({ method, path, body: body ?? {}, orgId: orgId === undefined ? undefined : String(orgId) });
  if (state.calls.length > callsKept) state.calls.shift();
  if (apiKey !== undefined && headers["x-phantombuster-key"] !== apiKey) {
    return sendAnswer(response, refuse(401, "Invalid API key"));
  }
  const fault = state.faults.take(`${method} ${path}`);
  if (fault && isAnswerFault(fault) && (fault.moment ?? "before") === "before")
    return spoil(response, fault, undefined);
  const route = routes[`${method} ${path}`];
  if (!route) return sendAnswer(response, refuse(404, "Not found"));
  if (!body) return sendAnswer(response, refuse(400, "The body is no JSON object"));
  const given = route({ state, query: url.searchParams, body, fault });
  if (fault?.kind === "slow") await state.clock.sleep(fault.delayMs);
  if (fault && isAnswerFault(fault)) return spoil(response, fault, given);
  sendAnswer(response, given);
}

type AnswerFault = Extract<PhantombusterFault, { kind: "status" | "cut" | "html" }>;

function isAnswerFault(fault: PhantombusterFault): fault is AnswerFault {
  return fault.kind === "status" || fault.kind === "cut" || fault.kind === "html";
}

/** @param given what the route has done already, if it was asked at all. */
function spoil(response: ServerResponse, fault: AnswerFault, given: Answer | undefined): void {
  if (fault.kind === "status") return sendAnswer(response, refuse(fault.status, "simulated failure"));
  if (fault.kind === "cut") {
    if (given && fault.moment === "half_body") sendHalf(response, given);
    else response.destroy();
    return;
  }
  const bytes = Buffer.from("<!doctype html><title>VENDOR TEXT: maintenance</title>");
  sendAnswer(response, { status: fault.status, bytes, contentType: "text/html" });
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
