import { AppError } from "@sophia/core/errors/app-error";
import type { Progress } from "@sophia/core/jobs/progress";
import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import type { ContainerDetails, ContainerSummary } from "@sophia/vendors/docker/schema";
import type { InfraServices } from "../services.ts";
import { serverTitles, type ServerHealth, type ServerId } from "../domain/server-directory.ts";

type Fakes = {
  [Key in keyof InfraServices]?: InfraServices[Key] extends object ? Partial<InfraServices[Key]> : InfraServices[Key];
};

/** Every method that a test did not give throws: nothing is answered by accident. */
function only<Thing extends object>(name: string, given: Partial<Thing> | undefined): Thing {
  const methods = new Map<PropertyKey, unknown>(Object.entries(given ?? {}));
  return new Proxy({} as Thing, {
    get(_target, key) {
      if (methods.has(key)) return methods.get(key);
      return () => {
        throw new Error(`${name}.${String(key)} was not expected`);
      };
    },
  });
}

export const noDocker = new AppError("not_configured", "There is no Docker Engine at unix:///var/run/docker.sock.", {
  service: "docker",
  hint: "Install or start Docker.",
});

/** Services of object literals. Unless given: no Docker, no repositories, four healthy servers, no supervisor. */
export function fakeServices(fakes: Fakes = {}): InfraServices {
  return {
    docker: only("docker", {
      expected: false,
      remote: false,
      version: () => Promise.reject(noDocker),
      containers: () => Promise.reject(noDocker),
      images: () => Promise.reject(noDocker),
      volumes: () => Promise.reject(noDocker),
      allowsRestart: (labels) => labels["sophia.restart"] === "allow",
      ...fakes.docker,
    }),
    git: only("git", { repositories: () => Promise.resolve([]), ...fakes.git }),
    servers: only("servers", { health: (id) => Promise.resolve(fakeHealth(id)), ...fakes.servers }),
    supervisor: fakes.supervisor && only("supervisor", fakes.supervisor),
    restarts: only("restarts", { recent: () => Promise.resolve([]), ...fakes.restarts }),
    secrets: fakes.secrets as InfraServices["secrets"],
    clock: { ...createVirtualClock(Date.UTC(2026, 10, 22, 12)), ...fakes.clock },
    ownHostname: fakes.ownHostname ?? "workstation",
    needed: (fakes.needed as InfraServices["needed"]) ?? [],
    scrub: (fakes.scrub as InfraServices["scrub"]) ?? ((text) => text),
  };
}

export function fakeHealth(id: ServerId, changes: Partial<ServerHealth> = {}): ServerHealth {
  const startedAt = "2026-11-22T10:00:00.000Z";
  return {
    id,
    title: serverTitles[id],
    state: "healthy",
    detail: "All checks pass.",
    startedAt,
    checks: [],
    ...changes,
  };
}

export function fakeSummary(name: string, changes: Partial<ContainerSummary> = {}): ContainerSummary {
  return {
    id: Buffer.from(name).toString("hex").padEnd(64, "0"),
    name,
    image: "app:1",
    state: "running",
    statusText: "Up 2 hours",
    health: "none",
    createdAtMs: Date.UTC(2026, 10, 22, 10),
    labels: {},
    publishedPorts: [],
    containerPorts: [],
    ...changes,
  };
}

export function fakeDetails(summary: ContainerSummary, changes: Partial<ContainerDetails> = {}): ContainerDetails {
  return {
    id: summary.id,
    name: summary.name,
    image: summary.image,
    state: summary.state,
    exitCode: 0,
    outOfMemoryKilled: false,
    startError: "",
    startedAt: "2026-11-22T10:00:00.000Z",
    finishedAt: undefined,
    health: undefined,
    restartCount: 0,
    restartPolicy: "no",
    memoryLimitBytes: 0,
    tty: false,
    labels: summary.labels,
    mounts: [],
    ...changes,
  };
}

/** A tool's context around fake services; `updates` collects its progress. */
export function fakeContext(services: InfraServices, updates: Progress[] = []): ToolContext<InfraServices> {
  return {
    services,
    caller: { id: "caller-1", name: "test", scopes: ["read", "write"] },
    requestId: "request-1",
    signal: new AbortController().signal,
    progress: (update) => void updates.push(update),
    log: only("log", {}),
  };
}
