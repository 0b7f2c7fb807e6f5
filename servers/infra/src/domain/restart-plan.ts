import { hash } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import type { ChangePlan } from "@sophia/core/approval/change-plan";
import type { ServerHealth } from "./server-directory.ts";

/** What decides how dangerous the restart of a container is. */
export interface RestartSubject {
  id: string;
  name: string;
  state: string;
  health: string | undefined;
  startedAt: string | undefined;
  /** Restarts are open by label or project. */
  allowed: boolean;
  /** This very process runs in it. */
  isOurs: boolean;
  writableMounts: readonly string[];
  /** Names of running containers that declare that they need it. */
  dependents: readonly string[];
  /** The part of our own installation it serves, e.g. "PostgreSQL store". */
  servesUs: string | undefined;
}

export const restartGraceSeconds = 10;

/**
 * The plan for a container. It holds nothing that changes by itself (no age, no load): `apply_change` plans again and
 * any difference means that the container is not what the person approved.
 */
export function planContainerRestart(subject: RestartSubject): ChangePlan {
  refuseContainer(subject);
  const { name, state } = subject;
  const before = state === "running" && subject.health !== undefined ? `running (${subject.health})` : state;
  const notes = [
    `${name} is away for up to ${restartGraceSeconds} s of stopping plus its start; open connections to it break`,
    ...(subject.dependents.length > 0 ? [`${subject.dependents.join(", ")} need it`] : []),
    ...(subject.servesUs === undefined ? [] : [`all four servers use it (${subject.servesUs})`]),
    ...(subject.writableMounts.length > 0 ? [`it writes to ${subject.writableMounts.join(", ")}`] : []),
  ];
  const needed = subject.servesUs !== undefined || subject.dependents.length > 0;
  return {
    summary: `Restart the container ${name} (${subject.id.slice(0, 12)}).`,
    changes: [{ action: "restart", resource: containerResource(name), before, after: "running" }],
    blastRadius: `${notes.join("; ")}.`,
    risk: needed ? "high" : subject.writableMounts.length > 0 ? "medium" : "low",
    costPerHourUsd: 0,
    stateVersion: versionOf([subject.id, subject.startedAt ?? "", state]),
  };
}

function refuseContainer({ name, state, allowed, isOurs }: RestartSubject): void {
  if (isOurs)
    throw refusal(
      `The container ${name} runs this server: it would end the process that carries out the plan.`,
      "Restart it from outside: docker restart.",
    );
  if (!allowed) {
    throw refusal(
      `The container ${name} is not marked for restarts by Sophia.`,
      "Only its owner can open it: recreate it with the label sophia.restart=allow.",
    );
  }
  if (state === "paused" || state === "removing" || state === "dead") {
    throw new AppError("invalid_input", `The container ${name} is ${state}: a restart is not what it needs.`, {
      service: "docker",
      hint: "diagnose shows what it needs.",
    });
  }
}

/** The plan for one of the four servers. `supervised` is false where no supervisor runs that could start it again. */
export function planServerRestart(health: ServerHealth, supervised: boolean): ChangePlan {
  if (health.id === "infra") {
    throw refusal(
      "The Infrastructure Copilot does not restart itself: it would end the process that carries out the plan.",
      "Stop and start Sophia (`npm start`); or send its process SIGTERM, the supervisor starts it again.",
    );
  }
  if (!supervised) {
    throw new AppError("not_configured", "No supervisor runs here that could restart a server.", {
      hint: `Start the servers with \`npm start\`. In containers: docker compose restart ${health.id}.`,
    });
  }
  const healthy = health.state === "healthy";
  return {
    summary: `Restart the server ${health.title} (${health.id}).`,
    changes: [{ action: "restart", resource: serverResource(health.id), before: health.state, after: "healthy" }],
    blastRadius: healthy
      ? "It finishes running calls, then is away for a few seconds; journalled jobs go on afterwards. The other servers stay up."
      : "It is not healthy now; calls to it fail until it is back. The other servers stay up.",
    risk: healthy ? "medium" : "low",
    costPerHourUsd: 0,
    stateVersion: versionOf([health.id, health.startedAt ?? "", health.state]),
  };
}

export function containerResource(name: string): string {
  return `container ${name}`;
}

export function serverResource(id: string): string {
  return `server ${id}`;
}

function versionOf(parts: readonly string[]): string {
  return hash("sha256", JSON.stringify(parts)).slice(0, 32);
}

function refusal(message: string, hint: string): AppError {
  return new AppError("denied", message, { hint });
}

/**
 * The containers of the same compose project that declare that they need `service`. Compose writes the label
 * `com.docker.compose.depends_on` as `db:service_healthy:false,cache:service_started:true`.
 */
export function findDependents(
  target: { name: string; labels: Readonly<Record<string, string>> },
  others: readonly { name: string; state: string; labels: Readonly<Record<string, string>> }[],
): string[] {
  const project = target.labels["com.docker.compose.project"];
  const service = target.labels["com.docker.compose.service"];
  if (project === undefined || service === undefined) return [];
  return others
    .filter(
      ({ name, state, labels }) =>
        name !== target.name && state === "running" && labels["com.docker.compose.project"] === project,
    )
    .filter(({ labels }) =>
      (labels["com.docker.compose.depends_on"] ?? "").split(",").some((entry) => entry.split(":")[0] === service),
    )
    .map(({ name }) => name)
    .toSorted();
}

/** An address that our own installation depends on. */
export interface NeededEndpoint {
  title: string;
  host: string;
  port: number;
}

/** Which of the needed endpoints a container provides: by its compose service or name, or by a port it publishes here. */
export function findServedEndpoint(
  container: { name: string; labels: Readonly<Record<string, string>>; publishedPorts: readonly number[] },
  needed: readonly NeededEndpoint[],
): string | undefined {
  const names = [container.name, container.labels["com.docker.compose.service"]];
  const local = new Set(["localhost", "127.0.0.1", "::1", "[::1]", "host.docker.internal"]);
  return needed.find(
    ({ host, port }) => names.includes(host) || (local.has(host) && container.publishedPorts.includes(port)),
  )?.title;
}
