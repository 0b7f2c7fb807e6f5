import type { Source } from "@sophia/core/mcp/define-tool";
import type { Clock } from "@sophia/core/limits/clock";
import type { SecretDesk } from "./secret-desk.ts";

export function secretSource({ backend }: Pick<SecretDesk, "backend">, { clock }: { clock: Clock }): Source {
  const mode = backend.kind === "local" ? "local" : "live";
  return { service: "pulumi-esc", mode, costUsd: 0, asOf: new Date(clock.now()).toISOString() };
}
