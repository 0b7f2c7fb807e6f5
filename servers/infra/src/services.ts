import { hostname } from "node:os";
import { type Secret, unwrap } from "@sophia/core/config/secret";
import type { Clock } from "@sophia/core/limits/clock";
import type { Platform, ServerRuntime } from "@sophia/core/mcp/platform";
import type { HealthCheck } from "@sophia/core/observe/health";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import { toAppError } from "@sophia/core/errors/app-error";
import { createDockerEngine, type DockerEngine } from "@sophia/vendors/docker/client";
import { createLocalGit, type LocalGit } from "@sophia/vendors/github/local-git";
import { resolveRoots } from "@sophia/vendors/github/repository-path";
import type { InfraConfig } from "./config.ts";
import { createRestartHistory, type RestartHistory } from "./domain/restart-history.ts";
import type { NeededEndpoint } from "./domain/restart-plan.ts";
import { createSecretDesk } from "./domain/secrets/create-secret-desk.ts";
import type { SecretDesk } from "./domain/secrets/secret-desk.ts";
import { createServerDirectory, type ServerDirectory, type ServerId, serverIds } from "./domain/server-directory.ts";
import { createSupervisor, type ParentChannel, type Supervisor } from "./domain/supervisor.ts";

/** All that the tools of this server use. Built once at start. */
export interface InfraServices {
  docker: DockerEngine;
  git: LocalGit;
  servers: ServerDirectory;
  /** Undefined where no supervisor runs. */
  supervisor: Supervisor | undefined;
  restarts: RestartHistory;
  /** Undefined where there was no store of secrets at start. */
  secrets: SecretDesk | undefined;
  clock: Clock;
  /** Inside a container: the beginning of its own id, so that it is never restarted by itself. */
  ownHostname: string;
  /** What our own installation stands on. */
  needed: readonly NeededEndpoint[];
  /** Masks our own secrets; what others wrote goes through `redactText` with it. */
  scrub(text: string): string;
}

export async function createInfraServices(
  settings: InfraConfig,
  platform: Platform,
): Promise<ServerRuntime<InfraServices>> {
  const { config, clock, log, scrubber, store } = platform;
  const docker = createDockerEngine({
    host: settings.DOCKER_HOST,
    http: { log, clock, observer: createHttpObserver(platform.metrics) },
    composeProject: settings.SOPHIA_INFRA_COMPOSE_PROJECT,
    readOnly: config.readOnly,
  });
  const roots = await resolveRoots(settings.SOPHIA_INFRA_REPOSITORIES, process.cwd());
  const services: InfraServices = {
    docker,
    git: createLocalGit({ roots, executable: settings.SOPHIA_INFRA_GIT }),
    servers: createServerDirectory(resolveServerUrls(settings, config)),
    // Servers at addresses of their own (containers) are not our supervisor's: it could not restart them.
    supervisor: settings.SOPHIA_INFRA_SERVERS.length === 0 ? createSupervisor(parentOf(process)) : undefined,
    restarts: createRestartHistory(store),
    secrets: platform.secrets && createSecretDesk(platform.secrets, platform),
    clock,
    ownHostname: hostname(),
    needed: [
      toEndpoint("PostgreSQL store", config.databaseUrl, 5432),
      toEndpoint("Redis", config.redisUrl, 6379),
    ].flat(),
    scrub: (text) => scrubber.scrub(text),
  };
  return { services, checks: [dockerCheck(services)], close: () => docker.close() };
}

function parentOf(child: NodeJS.Process): ParentChannel {
  if (child.send === undefined) return { connected: false };
  return { connected: child.connected, send: (message, done) => child.send?.(message, undefined, {}, done) ?? false };
}

/** Servers listen on the configured address; one that means "everywhere" is asked on loopback. */
export function resolveServerUrls(
  settings: Pick<InfraConfig, "SOPHIA_INFRA_SERVERS">,
  { host, ports }: Pick<Platform["config"], "host" | "ports">,
): Record<ServerId, string> {
  const everywhere = host === "0.0.0.0" || host === "::" || host === "localhost";
  const address = everywhere ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const named = new Map(
    settings.SOPHIA_INFRA_SERVERS.map((item) => [item.slice(0, item.indexOf("=")), item.slice(item.indexOf("=") + 1)]),
  );
  const urls = serverIds.map((id) => [id, named.get(id) ?? `http://${address}:${ports[id]}`] as const);
  return Object.fromEntries(urls) as Record<ServerId, string>;
}

/** Only host and port leave this function: they tell which container our own installation stands on. */
function toEndpoint(title: string, secret: Secret | undefined, defaultPort: number): NeededEndpoint[] {
  const url = secret && URL.parse(unwrap(secret));
  if (!url) return [];
  return [{ title, host: url.hostname, port: url.port === "" ? defaultPort : Number(url.port) }];
}

/** Never required: without Docker this server still answers for the rest. */
function dockerCheck({ docker }: Pick<InfraServices, "docker">): HealthCheck {
  return {
    name: "docker",
    required: false,
    async check(signal) {
      try {
        return { ok: true, detail: `Engine ${(await docker.version(signal)).version} answers.` };
      } catch (thrown) {
        const error = toAppError(thrown);
        return { ok: error.kind === "not_configured" && !docker.expected, detail: error.message };
      }
    },
  };
}
