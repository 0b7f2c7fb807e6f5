import type { ContainerSummary } from "@sophia/vendors/docker/schema";
import type { RepositoryStatus } from "@sophia/vendors/github/git-output";
import type { InfraServices } from "../services.ts";
import { redactText } from "./redact-text.ts";
import { serverIds, type ServerHealth } from "./server-directory.ts";
import type { PartReading } from "./status-parts.ts";

const shownRepositories = 5;

export async function readServers(services: Pick<InfraServices, "servers">, signal: AbortSignal): Promise<PartReading> {
  return judgeServers(await Promise.all(serverIds.map((id) => services.servers.health(id, signal))));
}

export async function readContainers(
  services: Pick<InfraServices, "docker">,
  signal: AbortSignal,
): Promise<PartReading> {
  const [version, containers] = await Promise.all([
    services.docker.version(signal),
    services.docker.containers(signal),
  ]);
  return judgeContainers(version.version, containers);
}

export async function readRepositories(
  services: Pick<InfraServices, "git" | "scrub">,
  signal: AbortSignal,
): Promise<PartReading> {
  const repositories = await services.git.repositories();
  const statuses = await Promise.all(
    repositories.slice(0, shownRepositories).map(async ({ name, workTree }) => {
      const status = await services.git.status(workTree, signal);
      const branch = status.branch === undefined ? undefined : redactText(status.branch, services.scrub, 80);
      return { name: redactText(name, services.scrub, 80), status: { ...status, branch } };
    }),
  );
  return judgeRepositories(statuses, repositories.length);
}

export function judgeServers(servers: readonly ServerHealth[]): PartReading {
  const ill = servers.filter((server) => server.state !== "healthy");
  const problems = ill.map(({ id, state, detail }) => `server ${id} is ${state}: ${detail}`);
  return { detail: `${servers.length - ill.length} of ${servers.length} servers healthy.`, problems };
}

export function judgeContainers(version: string, containers: readonly ContainerSummary[]): PartReading {
  const running = containers.filter((container) => container.state === "running").length;
  const problems = containers.flatMap((container) => {
    const trouble = troubleOf(container);
    return trouble === undefined ? [] : [`container ${container.name} ${trouble}`];
  });
  return { detail: `Docker ${version}: ${running} of ${containers.length} containers running.`, problems };
}

function troubleOf({ state, health, statusText, labels }: ContainerSummary): string | undefined {
  if (state === "restarting") return "restarts again and again";
  if (state === "dead") return "is dead";
  if (state === "running" && health === "unhealthy") return "is unhealthy";
  const exitCode = /^Exited \((\d+)\)/.exec(statusText)?.[1];
  // A one-off job may end with any code; a compose service is meant to stay.
  const isService =
    labels["com.docker.compose.service"] !== undefined && labels["com.docker.compose.oneoff"] !== "True";
  return state === "exited" && isService && exitCode !== "0"
    ? `ended with exit code ${exitCode ?? "unknown"}`
    : undefined;
}

export function judgeRepositories(
  repositories: readonly { name: string; status: Pick<RepositoryStatus, "branch" | "ahead" | "behind" | "files"> }[],
  total: number,
): PartReading {
  if (total === 0) return { detail: "No Git repository in the allowed folders.", problems: [] };
  const sentences = repositories.map(
    ({ name, status }) => `${name} on ${status.branch ?? "no branch"}, ${describeWork(status)}`,
  );
  const problems = repositories.flatMap(({ name, status }) => {
    const conflicts = status.files.filter((file) => file.change === "conflicted").length;
    const diverged = (status.ahead ?? 0) > 0 && (status.behind ?? 0) > 0;
    return [
      ...(conflicts > 0 ? [`repository ${name} has ${conflicts} files in conflict`] : []),
      ...(diverged ? [`repository ${name} has diverged from its upstream`] : []),
    ];
  });
  const more = total > repositories.length ? `; ${total - repositories.length} more` : "";
  return { detail: `${sentences.join("; ")}${more}.`, problems };
}

function describeWork({ ahead, behind, files }: Pick<RepositoryStatus, "ahead" | "behind" | "files">): string {
  const work = files.length === 0 ? "nothing uncommitted" : `${files.length} files uncommitted`;
  const distance = ahead === undefined ? "" : `, ${ahead} ahead, ${behind ?? 0} behind`;
  return work + distance;
}
