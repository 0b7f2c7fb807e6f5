import { AppError } from "@sophia/core/errors/app-error";
import { createHttp } from "@sophia/core/http/http";
import type { HttpOptions } from "@sophia/core/http/http";
import { parseDockerHost } from "./endpoint.ts";
import { createEngineCalls } from "./engine-calls.ts";
import type { EngineConnection } from "./engine-calls.ts";
import { parseLog } from "./log-frames.ts";
import type { LogLine } from "./log-frames.ts";
import {
  ContainerAnswer,
  ContainerListAnswer,
  EngineEventAnswer,
  EngineInfoAnswer,
  ImageListAnswer,
  StatsAnswer,
  VolumeListAnswer,
} from "./schema.ts";
import type {
  ContainerDetails,
  ContainerStats,
  ContainerSummary,
  EngineEvent,
  EngineInfo,
  EngineVersion,
  ImageSummary,
  VolumeSummary,
} from "./schema.ts";

/** The one label that opens a container to restarts; `deny` closes it even inside our own compose project. */
export const restartLabel = "sophia.restart";
const composeProjectLabel = "com.docker.compose.project";

export interface DockerEngineOptions {
  /** The value of DOCKER_HOST. A form that is not spoken is told by every call, not at start. */
  host: string | undefined;
  http: Pick<HttpOptions, "log" | "clock" | "observer" | "pacer">;
  /** Containers of this compose project may be restarted without the label. */
  composeProject: string | undefined;
  /** Refuses every change, below the tools. */
  readOnly: boolean;
}

/** The Docker Engine, as far as Sophia may use it: read everything, restart what is marked. No exec, no create. */
export interface DockerEngine {
  /** DOCKER_HOST is set: then an Engine that is absent is a fault, not a machine without Docker. */
  readonly expected: boolean;
  /** It runs on another machine. */
  readonly remote: boolean;
  version(signal?: AbortSignal): Promise<EngineVersion>;
  info(signal?: AbortSignal): Promise<EngineInfo>;
  /** All containers, stopped ones too. */
  containers(signal?: AbortSignal): Promise<ContainerSummary[]>;
  /** By id or name. Throws `not_found`. */
  container(id: string, signal?: AbortSignal): Promise<ContainerDetails>;
  /** The last lines, oldest first. Untrusted text. */
  logs(container: ContainerDetails, options: { lines: number; signal?: AbortSignal }): Promise<LogLine[]>;
  /** Takes 1-2 s: the Engine measures over one second. */
  stats(id: string, signal?: AbortSignal): Promise<ContainerStats>;
  images(signal?: AbortSignal): Promise<ImageSummary[]>;
  volumes(signal?: AbortSignal): Promise<VolumeSummary[]>;
  /** What happened to one container between two wall-clock times, oldest first; the Engine keeps its last 256 events. */
  events(query: {
    containerId: string;
    sinceMs: number;
    untilMs: number;
    signal?: AbortSignal;
  }): Promise<EngineEvent[]>;
  /** Does a container with these labels allow a restart? */
  allowsRestart(labels: Readonly<Record<string, string>>): boolean;
  /** Throws `denied` for a container that is not marked. The Engine kills the process after `graceSeconds`. */
  restart(id: string, options: { graceSeconds: number; signal?: AbortSignal }): Promise<void>;
  close(): Promise<void>;
}

/** The Engine cuts a line at 16 KiB, so this many always fit below the byte limit. */
const maximumLogLines = 200;
const maximumAnswerBytes = 8 * 1024 * 1024;
const lifecycleEvents = [
  "create",
  "start",
  "restart",
  "stop",
  "kill",
  "die",
  "oom",
  "pause",
  "unpause",
  "health_status",
];

export function createDockerEngine(options: DockerEngineOptions): DockerEngine {
  const host = options.host?.trim() ?? "";
  const calls = createEngineCalls(() => connect(options));
  const allowsRestart = (labels: Readonly<Record<string, string>>): boolean =>
    mayRestart(labels, options.composeProject);
  const container: DockerEngine["container"] = (id, signal) =>
    calls.json(ContainerAnswer, { operation: "inspect", id, signal });
  return {
    expected: host !== "",
    remote: host !== "" && !host.startsWith("unix:"),
    close: calls.close,
    version: calls.version,
    info: (signal) => calls.json(EngineInfoAnswer, { operation: "info", signal }),
    containers: (signal) =>
      calls.json(ContainerListAnswer, { operation: "listContainers", query: { all: "1" }, signal }),
    container,
    async logs({ id, tty }, { lines, signal }) {
      const tail = String(Math.max(1, Math.min(lines, maximumLogLines)));
      const query = { stdout: "1", stderr: "1", timestamps: "1", tail };
      return parseLog(await calls.bytes({ operation: "logs", id, query, signal }), tty);
    },
    // Never one-shot: without the second sample the Engine leaves precpu empty and no CPU share can be computed.
    stats: (id, signal) => calls.json(StatsAnswer, { operation: "stats", id, query: { stream: "false" }, signal }),
    images: (signal) => calls.json(ImageListAnswer, { operation: "listImages", signal }),
    volumes: (signal) => calls.json(VolumeListAnswer, { operation: "listVolumes", signal }),
    async events({ containerId, sinceMs, untilMs, signal }) {
      const filters = JSON.stringify({ type: ["container"], container: [containerId], event: lifecycleEvents });
      const query = { since: toSeconds(sinceMs), until: toSeconds(untilMs), filters };
      return parseEvents(await calls.bytes({ operation: "events", query, signal }));
    },
    allowsRestart,
    async restart(id, { graceSeconds, signal }) {
      if (options.readOnly) throw readOnlyRefusal();
      const target = await container(id, signal);
      if (!allowsRestart(target.labels)) throw notMarked(target.name);
      // The full id: a name could have been given to another container between the look and the act.
      const query = { t: String(graceSeconds) };
      await calls.act({ operation: "restart", id: target.id, query, timeoutMs: graceSeconds * 1000 + 10_000, signal });
    },
  };
}

function connect({ host, http }: DockerEngineOptions): EngineConnection {
  const endpoint = parseDockerHost(host);
  const { baseUrl, socketPath } = endpoint;
  const address = { baseUrl, ...(socketPath !== undefined && { socketPath }) };
  return {
    endpoint,
    http: createHttp({
      ...http,
      ...address,
      service: "docker",
      attempts: 2,
      maxBytes: maximumAnswerBytes,
      // Asking an absent local socket costs nothing, and its error names the fix; an open breaker's would not.
      breaker: { minimumCalls: 10_000 },
    }),
  };
}

function mayRestart(labels: Readonly<Record<string, string>>, composeProject: string | undefined): boolean {
  const mark = labels[restartLabel];
  if (mark !== undefined) return mark === "allow";
  return composeProject !== undefined && labels[composeProjectLabel] === composeProject;
}

function readOnlyRefusal(): AppError {
  return new AppError("denied", "This installation is read-only: nothing is restarted.", {
    service: "docker",
    hint: "Unset SOPHIA_READ_ONLY to allow changes.",
  });
}

function notMarked(name: string): AppError {
  return new AppError("denied", `The container ${name} is not marked for restarts by Sophia.`, {
    service: "docker",
    hint: `Only its owner can open it: recreate it with the label ${restartLabel}=allow.`,
  });
}

/** The Engine takes seconds with nanoseconds behind the point. */
function toSeconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function parseEvents(body: Buffer): EngineEvent[] {
  return body
    .toString("utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .flatMap((line) => {
      const parsed = EngineEventAnswer.safeParse(parseJson(line));
      return parsed.success ? [parsed.data] : [];
    });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
