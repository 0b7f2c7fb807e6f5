import { z } from "zod";

/**
 * The Engine's answers, needed fields only, in our own names. Engines from 1.25 to today differ in what they leave
 * out or set to null, so everything that can be absent has a default. Environment, arguments and mount sources are
 * left out on purpose: they hold secrets. https://docs.docker.com/reference/api/engine/
 */
const textOrEmpty = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const numberOrZero = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

/** The Engine writes "never" as year 1. */
const time = z
  .string()
  .nullish()
  .transform((value) => (value === undefined || value === null || value.startsWith("0001-") ? undefined : value));

function listOf<Item extends z.ZodType>(item: Item) {
  return z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);
}

export type Health = "healthy" | "unhealthy" | "starting" | "none";

export const EngineVersionAnswer = z
  .object({ Version: z.string(), ApiVersion: z.string(), MinAPIVersion: z.string().nullish() })
  .transform((answer) => ({
    version: answer.Version,
    apiVersion: answer.ApiVersion,
    minimumApiVersion: answer.MinAPIVersion ?? answer.ApiVersion,
  }));
export type EngineVersion = z.output<typeof EngineVersionAnswer>;

export const EngineInfoAnswer = z
  .object({
    ContainersRunning: numberOrZero,
    ContainersPaused: numberOrZero,
    ContainersStopped: numberOrZero,
    Images: numberOrZero,
    NCPU: numberOrZero,
    MemTotal: numberOrZero,
    OperatingSystem: textOrEmpty,
    Driver: textOrEmpty,
  })
  .transform((answer) => ({
    running: answer.ContainersRunning,
    paused: answer.ContainersPaused,
    stopped: answer.ContainersStopped,
    images: answer.Images,
    processors: answer.NCPU,
    memoryBytes: answer.MemTotal,
    operatingSystem: answer.OperatingSystem,
    storageDriver: answer.Driver,
  }));
export type EngineInfo = z.output<typeof EngineInfoAnswer>;

const healthStates = ["healthy", "unhealthy", "starting"] as const;

/** Before 1.52 the list tells health only inside the sentence: "Up 2 minutes (unhealthy)". */
function readHealth(status: string, given: string | undefined): Health {
  const words = given ?? /\((?:health: )?(healthy|unhealthy|starting)\)/.exec(status)?.[1];
  return healthStates.find((state) => state === words) ?? "none";
}

export const ContainerListAnswer = z.array(
  z
    .object({
      Id: z.string(),
      Names: listOf(z.string()),
      Image: textOrEmpty,
      State: textOrEmpty,
      Status: textOrEmpty,
      Created: numberOrZero,
      Labels: labels,
      Health: z.object({ Status: z.string().nullish() }).nullish(),
      Ports: listOf(z.object({ PublicPort: z.number().nullish(), PrivatePort: numberOrZero })),
    })
    .transform((answer) => ({
      id: answer.Id,
      // A link shows up as a second name, "/other/alias".
      name: (answer.Names.find((name) => !name.slice(1).includes("/")) ?? answer.Id.slice(0, 12)).replace(/^\//, ""),
      image: answer.Image,
      state: answer.State,
      statusText: answer.Status,
      health: readHealth(answer.Status, answer.Health?.Status ?? undefined),
      createdAtMs: answer.Created * 1000,
      labels: answer.Labels,
      publishedPorts: [...new Set(answer.Ports.flatMap((port) => port.PublicPort ?? []))],
      containerPorts: [...new Set(answer.Ports.map((port) => port.PrivatePort))],
    })),
);
export type ContainerSummary = z.output<typeof ContainerListAnswer>[number];

const HealthReport = z
  .object({
    Status: textOrEmpty,
    FailingStreak: numberOrZero,
    Log: listOf(z.object({ End: time, ExitCode: numberOrZero, Output: textOrEmpty })),
  })
  .transform((answer) => ({
    status: healthStates.find((state) => state === answer.Status) ?? ("none" as const),
    failingStreak: answer.FailingStreak,
    log: answer.Log.map((entry) => ({ endedAt: entry.End, exitCode: entry.ExitCode, output: entry.Output })),
  }));

export const ContainerAnswer = z
  .object({
    Id: z.string(),
    Name: z.string(),
    RestartCount: numberOrZero,
    State: z.object({
      Status: z.string(),
      ExitCode: numberOrZero,
      OOMKilled: flag,
      Error: textOrEmpty,
      StartedAt: time,
      FinishedAt: time,
      Health: HealthReport.nullish(),
    }),
    Config: z.object({ Image: textOrEmpty, Tty: flag, Labels: labels }),
    HostConfig: z.object({
      Memory: numberOrZero,
      RestartPolicy: z.object({ Name: textOrEmpty, MaximumRetryCount: numberOrZero }).nullish(),
    }),
    Mounts: listOf(z.object({ Type: textOrEmpty, Name: textOrEmpty, Destination: textOrEmpty, RW: flag })),
  })
  .transform((answer) => ({
    id: answer.Id,
    name: answer.Name.replace(/^\//, ""),
    image: answer.Config.Image,
    state: answer.State.Status,
    exitCode: answer.State.ExitCode,
    outOfMemoryKilled: answer.State.OOMKilled,
    startError: answer.State.Error,
    startedAt: answer.State.StartedAt,
    finishedAt: answer.State.FinishedAt,
    health: answer.State.Health ?? undefined,
    restartCount: answer.RestartCount,
    restartPolicy: answer.HostConfig.RestartPolicy?.Name || "no",
    memoryLimitBytes: answer.HostConfig.Memory,
    tty: answer.Config.Tty,
    labels: answer.Config.Labels,
    mounts: answer.Mounts.map((mount) => ({
      kind: mount.Type,
      name: mount.Name,
      destination: mount.Destination,
      writable: mount.RW,
    })),
  }));
export type ContainerDetails = z.output<typeof ContainerAnswer>;

const CpuSample = z
  .object({
    cpu_usage: z.object({ total_usage: numberOrZero }).nullish(),
    system_cpu_usage: numberOrZero,
    online_cpus: numberOrZero,
  })
  .nullish();

export const StatsAnswer = z
  .object({
    cpu_stats: CpuSample,
    precpu_stats: CpuSample,
    memory_stats: z
      .object({
        usage: numberOrZero,
        limit: numberOrZero,
        stats: z.record(z.string(), z.number()).nullish(),
      })
      .nullish(),
    pids_stats: z.object({ current: numberOrZero }).nullish(),
  })
  .transform((answer) => {
    const now = answer.cpu_stats;
    const before = answer.precpu_stats;
    const used = (now?.cpu_usage?.total_usage ?? 0) - (before?.cpu_usage?.total_usage ?? 0);
    const passed = (now?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
    const memory = answer.memory_stats;
    // As `docker stats` counts: the page cache that can be given back is not in use.
    const cache = memory?.stats?.["total_inactive_file"] ?? memory?.stats?.["inactive_file"] ?? 0;
    return {
      /** Percent of one processor; two busy processors are 200. Undefined without two samples. */
      cpuPercent: passed > 0 && used >= 0 ? (used / passed) * (now?.online_cpus || 1) * 100 : undefined,
      memoryBytes: Math.max(0, (memory?.usage ?? 0) - cache),
      memoryLimitBytes: memory?.limit ?? 0,
      processes: answer.pids_stats?.current ?? 0,
    };
  });
export type ContainerStats = z.output<typeof StatsAnswer>;

export const ImageListAnswer = z.array(
  z
    .object({ Id: z.string(), RepoTags: listOf(z.string()), Size: numberOrZero, Created: numberOrZero })
    .transform((answer) => ({
      id: answer.Id,
      tags: answer.RepoTags.filter((tag) => tag !== "<none>:<none>"),
      bytes: answer.Size,
      createdAtMs: answer.Created * 1000,
    })),
);
export type ImageSummary = z.output<typeof ImageListAnswer>[number];

export const VolumeListAnswer = z
  .object({
    Volumes: listOf(
      z.object({ Name: z.string(), Driver: textOrEmpty, CreatedAt: time, Labels: labels }).transform((answer) => ({
        name: answer.Name,
        driver: answer.Driver,
        createdAt: answer.CreatedAt,
        labels: answer.Labels,
      })),
    ),
  })
  .transform((answer) => answer.Volumes);
export type VolumeSummary = z.output<typeof VolumeListAnswer>[number];

export const EngineEventAnswer = z
  .object({
    Action: z.string(),
    Actor: z.object({ ID: textOrEmpty, Attributes: labels }),
    time: numberOrZero,
  })
  .transform((answer) => ({
    action: answer.Action,
    containerId: answer.Actor.ID,
    exitCode:
      answer.Actor.Attributes["exitCode"] === undefined ? undefined : Number(answer.Actor.Attributes["exitCode"]),
    atMs: answer.time * 1000,
  }));
export type EngineEvent = z.output<typeof EngineEventAnswer>;
