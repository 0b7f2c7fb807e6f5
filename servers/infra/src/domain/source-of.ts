import type { Source } from "@sophia/core/mcp/define-tool";
import type { InfraServices } from "../services.ts";

/** Everything here is read now and for nothing, on this machine or from the Engine that DOCKER_HOST names. */
export function sourceOf(
  service: "docker" | "github" | "sophia",
  { clock, docker }: Pick<InfraServices, "clock" | "docker">,
): Source {
  const mode = service === "docker" && docker.remote ? "live" : "local";
  return { service, mode, costUsd: 0, asOf: new Date(clock.now()).toISOString() };
}
