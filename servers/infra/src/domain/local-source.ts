import type { Source } from "@sophia/core/mcp/define-tool";
import type { InfraServices } from "./infra-services.ts";

/** Everything here is read on this machine, now, for nothing. */
export function localSource(service: "docker" | "github" | "sophia", { clock }: Pick<InfraServices, "clock">): Source {
  return { service, mode: "local", costUsd: 0, asOf: new Date(clock.now()).toISOString() };
}
