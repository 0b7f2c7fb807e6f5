import { AppError, toAppError } from "@sophia/core/errors/app-error";
import type { ChangePlan } from "@sophia/core/approval/change-plan";
import type { Progress } from "@sophia/core/jobs/progress";
import { awaitRecovery, type Recovery } from "./await-recovery.ts";
import { serverCandidates, toContainerCandidate } from "./catalogue.ts";
import type { InfraServices } from "../services.ts";
import { matchResource } from "./match-resource.ts";
import {
  findDependents,
  findServedEndpoint,
  planContainerRestart,
  planServerRestart,
  restartGraceSeconds,
} from "./restart-plan.ts";
import { serverIds, type ServerId } from "./server-directory.ts";

export interface RestartTarget {
  kind: "container" | "server";
  id: string;
}

/** What the caller of a restart brings along. */
export interface RestartCall {
  signal: AbortSignal;
  progress(update: Progress): void;
  /** Ties the supervisor's log to ours. */
  planId: string;
}

export interface RestartOutcome {
  name: string;
  healthy: boolean;
  detail: string;
  waitedMs: number;
}

/** Below apply_change's 55 s, with room for the stop before it. */
const recoveryDeadlineMs = 35_000;
/** Without a health check, running this long counts as recovered: most programs that fail do so at once. */
const settledMs = 3_000;

export async function planRestart(
  services: InfraServices,
  target: RestartTarget,
  signal: AbortSignal,
): Promise<ChangePlan> {
  if (target.kind === "server") {
    const health = await services.servers.health(findServer(target.id), signal);
    return planServerRestart(health, services.supervisor !== undefined);
  }
  const containers = await services.docker.containers(signal);
  const { id } = matchResource(containers.map(toContainerCandidate), target.id);
  const details = await services.docker.container(id, signal);
  const summary = containers.find((container) => container.id === id);
  const subject = { ...details, publishedPorts: summary?.publishedPorts ?? [] };
  return planContainerRestart({
    id,
    name: details.name,
    state: details.state,
    health: details.health?.status,
    startedAt: details.startedAt,
    allowed: services.docker.allowsRestart(details.labels),
    isOurs: /^[0-9a-f]{12}/.test(services.ownHostname) && id.startsWith(services.ownHostname),
    writableMounts: details.mounts
      .filter((mount) => mount.writable && mount.kind !== "tmpfs")
      .map((mount) => mount.destination)
      .toSorted(),
    dependents: findDependents(details, containers),
    servesUs: findServedEndpoint(subject, services.needed),
  });
}

function findServer(id: string): ServerId {
  const found = matchResource(serverCandidates(), id).id;
  return serverIds.find((known) => known === found) ?? "infra";
}

/** Restarts and waits until the target is well, has failed, or the time is up; an ill target is an outcome, not an error. */
export async function carryOutRestart(
  services: InfraServices,
  target: RestartTarget,
  call: RestartCall,
): Promise<RestartOutcome> {
  return target.kind === "server"
    ? restartServer(services, findServer(target.id), call)
    : restartContainer(services, target.id, call);
}

async function restartContainer(services: InfraServices, wanted: string, call: RestartCall): Promise<RestartOutcome> {
  const { docker, clock } = services;
  const { signal } = call;
  const { id, name } = matchResource((await docker.containers(signal)).map(toContainerCandidate), wanted);
  const before = await docker.container(id, signal);
  await docker.restart(id, { graceSeconds: restartGraceSeconds, signal });
  let runningSince: number | undefined;

  const look = (): Promise<Recovery> =>
    lookAgain(signal, async () => {
      const { state, health, startedAt, exitCode } = await docker.container(id, signal);
      if (state === "exited" || state === "dead") {
        return { done: false, failed: true, detail: `It ended again with exit code ${exitCode}.` };
      }
      if (state !== "running" || startedAt === before.startedAt) {
        return { done: false, failed: false, detail: `It is ${state}.` };
      }
      runningSince ??= clock.monotonic();
      if (health !== undefined) {
        const failed = health.status === "unhealthy";
        return { done: health.status === "healthy", failed, detail: `It runs and is ${health.status}.` };
      }
      const done = clock.monotonic() - runningSince >= settledMs;
      const detail = done ? "It runs; it has no health check." : "It runs; waiting whether it stays.";
      return { done, failed: false, detail };
    });

  const recovery = await awaitRecovery({
    look,
    clock,
    deadlineMs: recoveryDeadlineMs,
    signal,
    progress: call.progress,
  });
  return { name, healthy: recovery.done, detail: recovery.detail, waitedMs: recovery.waitedMs };
}

/** The restart has happened: a look that fails must not turn it into one that did not. */
async function lookAgain(signal: AbortSignal, look: () => Promise<Recovery>): Promise<Recovery> {
  try {
    return await look();
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = toAppError(thrown);
    const gone = error.kind === "not_found";
    return { done: false, failed: gone, detail: gone ? "It was removed." : `It cannot be looked at: ${error.message}` };
  }
}

async function restartServer(services: InfraServices, id: ServerId, call: RestartCall): Promise<RestartOutcome> {
  const { servers, supervisor, clock } = services;
  if (supervisor === undefined)
    throw new AppError("not_configured", "No supervisor runs here that could restart a server.");
  const before = await servers.health(id, call.signal);
  await supervisor.restart(id, call.planId);
  let wasAway = before.state === "unreachable";

  async function look(): Promise<Recovery> {
    const health = await servers.health(id, call.signal);
    wasAway ||= health.state === "unreachable";
    // Without a start time the only proof of a new process is that the old one was gone in between.
    const isNew =
      health.startedAt === undefined || before.startedAt === undefined
        ? wasAway
        : health.startedAt !== before.startedAt;
    const detail = isNew ? health.detail : "The old process has not ended yet.";
    return { done: isNew && health.state === "healthy", failed: false, detail };
  }

  const recovery = await awaitRecovery({
    look,
    clock,
    deadlineMs: recoveryDeadlineMs,
    signal: call.signal,
    progress: call.progress,
  });
  return { name: id, healthy: recovery.done, detail: recovery.detail, waitedMs: recovery.waitedMs };
}
