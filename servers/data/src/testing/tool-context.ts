import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";

/** What dispatch hands to a tool, around the services of a test. */
export function toolContext<Services>(services: Services): ToolContext<Services> {
  return {
    services,
    caller: { id: "caller-1", name: "test", scopes: ["read", "write"] },
    requestId: "request-1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
}
