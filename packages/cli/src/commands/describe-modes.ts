import { readConfigured } from "@sophia/ai/domain/find-endpoints";
import type { ServiceStatus } from "@sophia/vendors/registry";
import type { CliConfig } from "../load-config.ts";

/** Secrets come to all four from there; `up` says it on a line of its own. */
const ofAllServers = "pulumi-esc";

const mostNamed = 2;

/** In a few words how a server's services are reached. Those that no tool of this release reaches are left out. */
export function describeModes(server: string, services: readonly ServiceStatus[], local: CliConfig["local"]): string {
  // The AI server asks a configured endpoint before all others.
  const configured = server === "ai" ? readConfigured(local) : [];
  if (configured.length > 0) return configured.map(({ service, mode }) => `${service} ${mode}`).join(", ");
  const used = services.filter(({ group, planned, id }) => group === server && !planned && id !== ofAllServers);
  const byMode = Map.groupBy(used, ({ mode, served }) => (mode === "live" && !served ? "live (unused)" : mode));
  // A row of the table has no room for five names that say the same.
  return [...byMode]
    .flatMap(([mode, alike]) =>
      used.length > mostNamed ? [`${alike.length} ${mode}`] : alike.map(({ title }) => `${title} ${mode}`),
    )
    .join(", ");
}
