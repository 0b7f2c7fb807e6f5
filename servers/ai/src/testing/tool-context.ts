import type { Scope } from "@sophia/core/approval/caller";
import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";

/** A call of a tool with object literals for its services. */
export function createToolContext<Services>(
  services: Services,
  scopes: readonly Scope[] = ["read", "write"],
): ToolContext<Services> {
  return {
    services,
    caller: { id: "c1", name: "tester", scopes },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
}
