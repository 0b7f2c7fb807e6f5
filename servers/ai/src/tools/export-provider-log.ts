import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { ProviderLogs } from "../accounts/provider-logs.ts";
import { parseTimeRange } from "../usage/time-range.ts";

interface Services {
  providerLogs: Pick<ProviderLogs, "start" | "wait">;
  clock: Pick<Clock, "now">;
}

/** Below the deadline, so that a long export answers with its id. */
const waitMs = 40_000;
const time = z.string().max(40).optional();

export const exportProviderLog = defineTool({
  name: "export_provider_log",
  title: "Export the log of Portkey",
  description: `Has Portkey write its log of calls into a file, and gives the file's address: times, models, tokens, cost and status of each call; never what was said.
- Use when our own figures (report_usage) are to be compared with the gateway's, call by call: its trace_id is our request id.
- A large export goes on by itself: call again with exportId. The address works for a while, for whoever has it.
Example: {"since": "2026-11-01", "until": "2026-11-07"}`,
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  input: z.strictObject({
    since: time.describe("First day (2026-11-01) or hour (2026-11-01T08:00Z). Default: 30 days ago."),
    until: time.describe("Last day, included, or hour. Default: now."),
    exportId: z.string().min(1).max(100).optional().describe("An export that was started before."),
  }),
  output: z.object({
    exportId: z.string(),
    state: z.enum(["draft", "in_progress", "success", "failed", "stopped"]),
    rows: z.int().optional().describe("Calls in it; of a new export."),
    address: z.string().optional().describe("Of the finished file, one JSON object a line."),
    source: Source,
  }),
  async run({ since, until, exportId }, { services, caller, signal }: ToolContext<Services>) {
    // It holds everybody's calls.
    if (!caller.scopes.includes("write")) {
      throw new AppError("denied", "Only a caller with the scope write may export the log of all calls.", {
        hint: "Use a token made with --scope read,write.",
      });
    }
    const { providerLogs, clock } = services;
    const range = parseTimeRange({ since, until }, clock.now());
    const started = exportId === undefined ? await providerLogs.start(range, signal) : { exportId };
    const { mode, ...ended } = await providerLogs.wait(started.exportId, { forMs: waitMs, signal });
    return { ...started, ...ended, source: { service: "portkey", mode, costUsd: 0 } };
  },
});
