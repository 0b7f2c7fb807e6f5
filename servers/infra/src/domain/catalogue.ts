import { AppError, toAppError } from "@sophia/core/errors/app-error";
import type { ContainerSummary } from "@sophia/vendors/docker/schema";
import type { InfraServices } from "../services.ts";
import { matchResource, type Candidate } from "./match-resource.ts";
import { serverIds, serverTitles } from "./server-directory.ts";

/** Everything that can be diagnosed, by name. */
export async function findResource(
  services: Pick<InfraServices, "docker" | "git">,
  wanted: string,
  signal: AbortSignal,
): Promise<Candidate> {
  const [containers, repositories] = await Promise.allSettled([
    services.docker.containers(signal),
    services.git.repositories(),
  ]);
  signal.throwIfAborted();
  // Asked for by its kind, a container is not "not found" when the Engine was not even reached.
  if (containers.status === "rejected" && wanted.trim().startsWith("container:")) throw containers.reason;
  const candidates = [
    ...serverCandidates(),
    ...(containers.status === "fulfilled" ? containers.value.map(toContainerCandidate) : []),
    ...(repositories.status === "fulfilled"
      ? repositories.value.map(({ name, workTree }): Candidate => ({
          kind: "repository",
          id: workTree,
          name,
          aliases: [],
        }))
      : []),
  ];
  try {
    return matchResource(candidates, wanted);
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.kind !== "not_found" || containers.status === "fulfilled") throw thrown;
    throw new AppError("not_found", `${error.message} Containers could not be listed.`, {
      hint: [toAppError(containers.reason).hint, error.hint].filter((hint) => hint !== undefined).join(" "),
      cause: containers.reason,
    });
  }
}

export function serverCandidates(): Candidate[] {
  return serverIds.map((id) => ({ kind: "server", id, name: serverTitles[id], aliases: [] }));
}

export function toContainerCandidate({ id, name, labels }: ContainerSummary): Candidate {
  const service = labels["com.docker.compose.service"];
  return { kind: "container", id, name, aliases: service === undefined || service === name ? [] : [service] };
}
