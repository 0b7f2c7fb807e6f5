import { conclude, historyMs, mergeHistory, type Diagnosis } from "./diagnosis.ts";
import type { InfraServices } from "../services.ts";
import type { Candidate } from "./match-resource.ts";
import { serverResource } from "./restart-plan.ts";
import { serverIds } from "./server-directory.ts";
import { findServerCauses } from "./server-findings.ts";

export async function diagnoseServer(
  services: InfraServices,
  target: Candidate,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const id = serverIds.find((known) => known === target.id) ?? "infra";
  const [health, restarts] = await Promise.all([
    services.servers.health(id, signal),
    services.restarts.recent(serverResource(id), services.clock.now() - historyMs),
  ]);
  const checks = health.checks.map((check) => [check.name, `${check.ok ? "ok" : "failing"}: ${check.detail}`] as const);
  return conclude(target, findServerCauses(health, restarts, services.supervisor !== undefined), {
    facts: {
      state: health.state,
      detail: health.detail,
      supervised: services.supervisor !== undefined,
      ...(health.startedAt !== undefined && { startedAt: health.startedAt }),
      ...Object.fromEntries(checks.map(([name, report]) => [`check ${name}`, services.scrub(report)])),
    },
    history: mergeHistory([], restarts),
    untrustedLines: [],
  });
}
