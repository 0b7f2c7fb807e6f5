import { toAppError } from "@sophia/core/errors/app-error";
import type { ContainerDetails, ContainerStats, EngineEvent } from "@sophia/vendors/docker/schema";
import { findContainerCauses, type ContainerFacts } from "./container-findings.ts";
import { conclude, historyMs, mergeHistory, type Diagnosis } from "./diagnosis.ts";
import type { InfraServices } from "../services.ts";
import type { Candidate } from "./match-resource.ts";
import { redactText } from "./redact-text.ts";
import { containerResource } from "./restart-plan.ts";

const hourMs = 3_600_000;
type Redact = (text: string, maximumLength?: number) => string;

/** All that was read of a container at one moment. */
interface Reading {
  container: ContainerDetails;
  /** Undefined when it does not run. */
  stats: ContainerStats | undefined;
  events: readonly EngineEvent[];
  lastLines: readonly string[];
  canRestart: boolean;
  nowMs: number;
}

export async function diagnoseContainer(
  services: InfraServices,
  target: Candidate,
  lines: number,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const { docker, clock } = services;
  const redact: Redact = (text, maximumLength) => redactText(text, services.scrub, maximumLength);
  const container = await docker.container(target.id, signal);
  const nowMs = clock.now();
  // A log driver that cannot be read, or an Engine without statistics, must not hide the rest.
  const [log, events, stats, restarts] = await Promise.all([
    readOptional(docker.logs(container, { lines, signal }), signal),
    readOptional(
      docker.events({ containerId: container.id, sinceMs: nowMs - historyMs, untilMs: nowMs, signal }),
      signal,
    ),
    container.state === "running" ? readOptional(docker.stats(container.id, signal), signal) : undefined,
    services.restarts.recent(containerResource(container.name), nowMs - historyMs),
  ]);
  const reading: Reading = {
    container,
    stats: stats?.value,
    events: events.value ?? [],
    lastLines: (log.value ?? []).map((line) => redact(line.text)).filter((line) => line !== ""),
    canRestart: docker.allowsRestart(container.labels),
    nowMs,
  };
  const unread = Object.entries({ log, events, stats }).flatMap(([name, part]) =>
    part?.problem === undefined ? [] : [`${name}: ${part.problem}`],
  );
  const happened = reading.events.filter((event) => event.action !== "kill").map((event) => toHistory(event));
  return conclude(target, findContainerCauses(toFacts(reading, redact)), {
    facts: { ...describeReading(reading, redact), ...(unread.length > 0 && { notReadable: unread.join(" ") }) },
    history: mergeHistory(happened, restarts),
    untrustedLines: [...reading.lastLines],
  });
}

/** A part that may be missing: its value, or why it is not there. */
async function readOptional<Value>(
  work: Promise<Value>,
  signal: AbortSignal,
): Promise<{ value?: Value; problem?: string }> {
  try {
    return { value: await work };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return { problem: toAppError(thrown).message };
  }
}

function toHistory({ atMs, action, exitCode }: EngineEvent): { atMs: number; what: string } {
  return { atMs, what: exitCode === undefined ? action : `${action} (exit code ${exitCode})` };
}

function toFacts({ container, stats, events, lastLines, canRestart, nowMs }: Reading, redact: Redact): ContainerFacts {
  const { health, memoryLimitBytes } = container;
  const probe = health?.log.at(-1);
  return {
    state: container.state,
    exitCode: container.exitCode,
    outOfMemoryKilled: container.outOfMemoryKilled || events.some((event) => event.action === "oom"),
    startError: redact(container.startError),
    restartCount: container.restartCount,
    restartPolicy: container.restartPolicy,
    health: health && {
      status: health.status,
      failingStreak: health.failingStreak,
      lastOutput: redact(probe?.output ?? "", 200),
      lastExitCode: probe?.exitCode ?? 0,
    },
    memory: stats && memoryLimitBytes > 0 ? { usedBytes: stats.memoryBytes, limitBytes: memoryLimitBytes } : undefined,
    lastLines,
    startsInLastHour: events.filter((event) => event.action === "start" && event.atMs > nowMs - hourMs).length,
    canRestart,
  };
}

function describeReading({ container, stats, canRestart }: Reading, redact: Redact): Diagnosis["facts"] {
  return {
    state: container.state,
    image: redact(container.image, 120),
    exitCode: container.exitCode,
    outOfMemoryKilled: container.outOfMemoryKilled,
    restartCount: container.restartCount,
    restartPolicy: container.restartPolicy,
    mayBeRestarted: canRestart,
    ...(container.startedAt !== undefined && { startedAt: container.startedAt }),
    ...(container.finishedAt !== undefined && { finishedAt: container.finishedAt }),
    ...(container.state === "running" &&
      container.health && { health: container.health.status, failingStreak: container.health.failingStreak }),
    ...(stats && { memoryBytes: stats.memoryBytes, processes: stats.processes }),
    ...(stats?.cpuPercent !== undefined && { cpuPercent: Math.round(stats.cpuPercent * 10) / 10 }),
    ...(container.memoryLimitBytes > 0 && { memoryLimitBytes: container.memoryLimitBytes }),
  };
}
