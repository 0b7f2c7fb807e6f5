import type { Answer } from "../apify/answer.ts";
import { logNormal } from "../web-corpus/random.ts";
import { outputOf, progressOf, statusOf } from "./container-routes.ts";
import {
  type Agent,
  type Container,
  type Exchange,
  isRunning,
  type PhantombusterState,
  refuse,
  usedMs,
} from "./simulator-state.ts";

const containersKept = 2_000;
const dayMs = 86_400_000;

/** https://hub.phantombuster.com/reference/get_agents-fetch-all-1 */
export function listAgents({ state }: Exchange): Answer {
  const list = [...state.agents.values()].map((agent) => ({
    ...describe(agent),
    createdAt: agent.createdAt,
    nbContainersRunning: runningOf(state, agent.id).length,
  }));
  return { status: 200, json: list };
}

/** With the secrets that the vendor too has in it. https://hub.phantombuster.com/reference/get_agents-fetch-1 */
export function getAgent({ state, query }: Exchange): Answer {
  const agent = state.agents.get(query.get("id") ?? "");
  if (!agent) return unknownAgent;
  const secret = {
    argument: JSON.stringify({ sessionCookie: "SIMULATED-SESSION-COOKIE" }),
    proxyType: "http",
    proxyPassword: "SIMULATED-PROXY-PASSWORD",
  };
  const folders = { s3Folder: `agent${agent.id}`, orgS3Folder: "simulated", fileMgmt: "mix" };
  const json = { ...describe(agent), ...secret, ...folders, nbLaunches: agent.launchCount, updatedAt: agent.createdAt };
  return { status: 200, json };
}

/** The answer is not described by the vendor; its public clients read `containerId`. https://hub.phantombuster.com/reference/post_agents-launch-1 */
export function launch({ state, body, fault }: Exchange): Answer {
  const agent = state.agents.get(String(body["id"]));
  if (!agent) return unknownAgent;
  const most = body["maxInstanceCount"];
  if (typeof most === "number" && runningOf(state, agent.id).length >= most) return refuse(400, "Agent already runs");
  const running = [...state.containers.values()].filter((container) => isRunning(state, container));
  if (running.length >= state.plan.parallelism) return refuse(400, "No agent slot is free");
  if (usedMs(state) >= state.plan.dailyExecutionTimeMs) return refuse(400, "No execution time is left");
  const container = begin(state, agent, { metadata: body["userCustomMetadata"], fault });
  return { status: 200, json: fault?.kind === "empty_launch" ? {} : { containerId: container.id } };
}

function begin(
  state: PhantombusterState,
  agent: Agent,
  { metadata, fault }: { metadata: unknown; fault: Exchange["fault"] },
): Container {
  state.launched += 1;
  agent.launchCount += 1;
  const { medianMs, sigma, scale } = state.latency;
  const createdAt = state.clock.now();
  const lastsMs = logNormal(state.random, medianMs, sigma) * scale;
  const container: Container = {
    id: String(8_000_000_000_000_000 + state.launched),
    agentId: agent.id,
    createdAt,
    launchedAt: createdAt + lastsMs / 20,
    endsAt: createdAt + lastsMs,
    endType: fault?.kind === "run_ends" ? fault.endType : "finished",
    exitCode: fault?.kind === "run_ends" ? fault.exitCode : 0,
    isLaunchError: fault?.kind === "launch_error",
    metadata: typeof metadata === "object" && metadata !== null ? (metadata as Record<string, unknown>) : undefined,
  };
  agent.lastEndType = container.endType;
  state.containers.set(container.id, container);
  const [oldest] = state.containers.keys();
  if (state.containers.size > containersKept && oldest !== undefined) state.containers.delete(oldest);
  return container;
}

/** https://hub.phantombuster.com/reference/post_agents-stop-1 */
export function stop({ state, body }: Exchange): Answer {
  const agent = state.agents.get(String(body["id"]));
  if (!agent) return unknownAgent;
  for (const container of runningOf(state, agent.id)) {
    Object.assign(container, { endsAt: state.clock.now(), endType: "killed", exitCode: null });
    agent.lastEndType = "killed";
  }
  return { status: 200 };
}

/** https://hub.phantombuster.com/reference/get_agents-fetch-output-1 */
export function getAgentOutput({ state, query }: Exchange): Answer {
  const agent = state.agents.get(query.get("id") ?? "");
  if (!agent) return unknownAgent;
  const newest = [...state.containers.values()].findLast(({ agentId }) => agentId === agent.id);
  if (!newest) return { status: 200, json: { status: "never launched", isAgentRunning: false, canSoftAbort: false } };
  const isSame = query.get("prevContainerId") === newest.id;
  const output = outputOf(state, newest);
  const json = {
    containerId: newest.id,
    status: statusOf(state, newest),
    output: output.slice(isSame ? Number(query.get("fromOutputPos") ?? 0) : 0),
    outputPos: output.length,
    progress: progressOf(state, newest),
    isAgentRunning: isRunning(state, newest),
    canSoftAbort: true,
  };
  return { status: 200, json };
}

/** https://hub.phantombuster.com/reference/get_orgs-fetch-resources-1 */
export function getResources({ state }: Exchange): Answer {
  const { parallelism, dailyExecutionTimeMs } = state.plan;
  const names = ["Mail", "Captcha", "DiscoveredMail", "AiCredit"];
  const zeros = (suffix: string, terms: readonly string[]): Record<string, number> =>
    Object.fromEntries(terms.flatMap((term) => names.map((name) => [`${term}${name}${suffix}`, 0])));
  const time = { dailyExecutionTime: dailyExecutionTimeMs, monthlyExecutionTime: dailyExecutionTimeMs * 30 };
  const serp = { dailySerpCredits: 0, monthlySerpCredits: 0 };
  const offer = { isAvailable: true, isUpgradable: true, duration: 30, monthlyPrice: 0, yearlyPrice: 0 };
  const sizes = { name: "Simulated", parallelism, s3Storage: 0, mongoStorage: 0, agents: 15, scripts: 5 };
  const used = usedMs(state);
  const json = {
    ...zeros("", ["daily", "monthly"]),
    ...serp,
    dailyExecutionTime: used,
    monthlyExecutionTime: used,
    s3Storage: 0,
    agentCount: state.agents.size,
    planName: "Simulated",
    plan: { ...sizes, ...time, ...zeros("s", ["daily", "monthly"]), ...serp, ...offer },
    dailyResourceNextResetAt: (Math.floor(state.clock.now() / dayMs) + 1) * dayMs,
    monthlyResourceNextResetAt: (Math.floor(state.clock.now() / dayMs) + 30) * dayMs,
  };
  return { status: 200, json };
}

function describe({ id, name, script, lastEndType }: Agent): Record<string, unknown> {
  return { id, name, script, launchType: "manually", lastEndType };
}

function runningOf(state: PhantombusterState, agentId: string): Container[] {
  return [...state.containers.values()].filter((each) => each.agentId === agentId && isRunning(state, each));
}

const unknownAgent = refuse(400, "Agent not found");
