import { toAppError } from "@sophia/core/errors/app-error";
import { z } from "zod";
import type { InfraServices } from "../services.ts";
import { redactText } from "./redact-text.ts";
import { staleAfterMs } from "./repository-findings.ts";
import { serverIds } from "./server-directory.ts";

export const resourceKinds = ["containers", "images", "volumes", "servers", "repositories", "branches"] as const;
export type ListedKind = (typeof resourceKinds)[number];

/** One line of the list. */
export const ResourceItem = z.object({
  kind: z.enum(["container", "image", "volume", "server", "repository", "branch"]),
  id: z.string().describe("What diagnose and plan_change take; for a repository its path."),
  name: z.string(),
  state: z.string().describe("One word or two: running, healthy, merged, in use."),
  detail: z.string(),
});
export type ResourceItem = z.infer<typeof ResourceItem>;

type Reader = (services: InfraServices, signal: AbortSignal) => Promise<ResourceItem[]>;

const readers: Record<ListedKind, Reader> = {
  containers: listContainers,
  images: listImages,
  volumes: listVolumes,
  servers: listServers,
  repositories: listRepositories,
  branches: listBranches,
};

/** One kind; its failure is the answer. */
export async function readKind(
  services: InfraServices,
  kind: ListedKind,
  signal: AbortSignal,
): Promise<ResourceItem[]> {
  return readers[kind](services, signal);
}

/** All kinds; those that cannot be read are named beside the rest. */
export async function readAllKinds(
  services: InfraServices,
  signal: AbortSignal,
): Promise<{ items: ResourceItem[]; problems: string[] }> {
  const answers = await Promise.allSettled(resourceKinds.map((kind) => readers[kind](services, signal)));
  signal.throwIfAborted();
  const failures = answers.flatMap((answer) => (answer.status === "rejected" ? [toAppError(answer.reason)] : []));
  // Without Docker three kinds fail for one reason; it is told once.
  const problems = [
    ...new Set(failures.map((error) => (error.hint === undefined ? error.message : `${error.message} ${error.hint}`))),
  ];
  return { items: answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : [])), problems };
}

async function listContainers({ docker, scrub }: InfraServices, signal: AbortSignal): Promise<ResourceItem[]> {
  return (await docker.containers(signal)).map((container) => {
    const restart = docker.allowsRestart(container.labels) ? ", may be restarted" : "";
    const health = container.health === "none" ? "" : ` (${container.health})`;
    return {
      kind: "container" as const,
      id: container.id.slice(0, 12),
      name: container.name,
      state: `${container.state}${health}`,
      detail: `${redactText(container.image, scrub, 120)}, ${redactText(container.statusText, scrub, 60)}${restart}`,
    };
  });
}

async function listImages({ docker, scrub }: InfraServices, signal: AbortSignal): Promise<ResourceItem[]> {
  return (await docker.images(signal)).map((image) => ({
    kind: "image" as const,
    id: image.id.replace(/^sha256:/, "").slice(0, 12),
    name: redactText(image.tags[0] ?? "(untagged)", scrub, 120),
    state: image.tags.length === 0 ? "untagged" : "tagged",
    detail: `${(image.bytes / 1_000_000).toFixed(1)} MB, made ${isoDay(image.createdAtMs)}`,
  }));
}

async function listVolumes({ docker, scrub }: InfraServices, signal: AbortSignal): Promise<ResourceItem[]> {
  return (await docker.volumes(signal)).map((volume) => ({
    kind: "volume" as const,
    id: redactText(volume.name, scrub, 120),
    name: redactText(volume.name, scrub, 120),
    state: "present",
    detail: `driver ${redactText(volume.driver, scrub, 40)}${volume.createdAt === undefined ? "" : `, made ${volume.createdAt.slice(0, 10)}`}`,
  }));
}

async function listServers({ servers }: InfraServices, signal: AbortSignal): Promise<ResourceItem[]> {
  const reports = await Promise.all(serverIds.map((id) => servers.health(id, signal)));
  return reports.map(({ id, title, state, detail }) => ({ kind: "server" as const, id, name: title, state, detail }));
}

async function listRepositories({ git, scrub }: InfraServices, signal: AbortSignal): Promise<ResourceItem[]> {
  const repositories = await git.repositories();
  return Promise.all(
    repositories.map(async ({ name, workTree }) => {
      const [status, remotes] = await Promise.all([git.status(workTree, signal), git.remotes(workTree, signal)]);
      const where = remotes.map((remote) => `${remote.name} ${remote.url}`).join(", ");
      const distance =
        status.ahead === undefined ? "no upstream" : `${status.ahead} ahead, ${status.behind ?? 0} behind`;
      return {
        kind: "repository" as const,
        id: workTree,
        name: redactText(name, scrub, 80),
        state: status.files.length === 0 ? "clean" : `${status.files.length} uncommitted`,
        detail: redactText(
          `on ${status.branch ?? "no branch"}, ${distance}${where === "" ? "" : `; ${where}`}`,
          scrub,
          240,
        ),
      };
    }),
  );
}

async function listBranches({ git, scrub, clock }: InfraServices, signal: AbortSignal): Promise<ResourceItem[]> {
  const repositories = await git.repositories();
  const perRepository = await Promise.all(
    repositories.map(async ({ name, workTree }) => {
      const { base, branches } = await git.branches(workTree, signal);
      return branches.map((branch) => {
        const old = clock.now() - branch.committedAt > staleAfterMs;
        const merged = branch.name !== base && branch.merged;
        return {
          kind: "branch" as const,
          id: redactText(`${name}:${branch.name}`, scrub, 160),
          name: redactText(branch.name, scrub, 120),
          state: branch.current ? "current" : merged ? "merged" : old ? "stale" : "active",
          detail: redactText(
            `last commit ${isoDay(branch.committedAt)}${branch.upstream === undefined ? ", no upstream" : `, ${branch.upstream} (${branch.ahead} ahead, ${branch.behind} behind)`}`,
            scrub,
            200,
          ),
        };
      });
    }),
  );
  return perRepository.flat();
}

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
