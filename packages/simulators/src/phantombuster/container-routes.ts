import type { Answer } from "../apify/answer.ts";
import { documents } from "../web-corpus/corpus.ts";
import { type Container, type Exchange, isRunning, type PhantombusterState, refuse } from "./simulator-state.ts";

const linesOfRun = 10;

/** https://hub.phantombuster.com/reference/get_containers-fetch-all-1 */
export function listContainers({ state, query }: Exchange): Answer {
  const limit = Number(query.get("limit") ?? 1_000);
  const all = [...state.containers.values()]
    .filter(({ agentId }) => agentId === query.get("agentId"))
    .filter((container) => query.get("mode") !== "finalized" || !isRunning(state, container))
    .reverse();
  const containers = all.slice(0, limit).map((container) => describe(state, container));
  return { status: 200, json: { maxLimitReached: all.length > limit, containers } };
}

/** https://hub.phantombuster.com/reference/get_containers-fetch-1 */
export function getContainer(exchange: Exchange): Answer {
  const { state } = exchange;
  const container = find(exchange);
  if (!container) return unknownContainer;
  const { launchedAt } = container;
  const isLaunched = !container.isLaunchError && launchedAt <= state.clock.now();
  return { status: 200, json: { ...describe(state, container), launchedAt: isLaunched ? launchedAt : null } };
}

/** https://hub.phantombuster.com/reference/get_containers-fetch-result-object-1 */
export function getResult(exchange: Exchange): Answer {
  const { state, fault } = exchange;
  const container = find(exchange);
  if (!container) return unknownContainer;
  const hasResult = !isRunning(state, container) && container.endType === "finished" && container.exitCode === 0;
  if (!hasResult || container.isLaunchError) return { status: 200, json: { resultObject: null } };
  const first = Number(container.id) % documents.length;
  const rows = documents.slice(first, first + 5).map(({ url, title, author, publishedAt }) => ({
    postUrl: url,
    postContent: `Simulated: ${title}`,
    author,
    postDate: new Date(publishedAt).toISOString(),
  }));
  const text = JSON.stringify(rows);
  return { status: 200, json: { resultObject: fault?.kind === "broken_result" ? text.slice(0, -9) : text } };
}

/** https://hub.phantombuster.com/reference/get_containers-fetch-output-1 */
export function getOutput(exchange: Exchange): Answer {
  const container = find(exchange);
  if (!container) return unknownContainer;
  const output = outputOf(exchange.state, container);
  return output === "" ? { status: 204 } : { status: 200, json: { output } };
}

/** The log grows evenly while the run lasts. */
export function outputOf(state: PhantombusterState, container: Container): string {
  const count = Math.floor(progressOf(state, container) * linesOfRun);
  return Array.from({ length: count }, (_line, index) => `Simulated step ${index + 1} of ${linesOfRun}\n`).join("");
}

export function progressOf(state: PhantombusterState, { launchedAt, endsAt, isLaunchError }: Container): number {
  if (isLaunchError) return 0;
  return Math.max(0, Math.min(1, (state.clock.now() - launchedAt) / Math.max(1, endsAt - launchedAt)));
}

export function statusOf(state: PhantombusterState, container: Container): string {
  if (container.isLaunchError) return "launch error";
  if (!isRunning(state, container)) return "finished";
  return container.launchedAt > state.clock.now() ? "starting" : "running";
}

function describe(state: PhantombusterState, container: Container): Record<string, unknown> {
  const { id, createdAt, endsAt, endType, exitCode, metadata } = container;
  const status = statusOf(state, container);
  return {
    id,
    status,
    createdAt,
    launchType: "user api call",
    retryNumber: 0,
    ...(status === "finished" && { endedAt: endsAt, endType, exitCode }),
    ...(metadata && { userCustomMetadata: metadata }),
  };
}

function find({ state, query }: Exchange): Container | undefined {
  return state.containers.get(query.get("id") ?? "");
}

const unknownContainer = refuse(404, "Container not found");
