import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import type { Traces } from "../traces/traces.ts";

interface Services {
  traces: Pick<Traces, "find">;
}

const Position = z.strictObject({ at: z.number(), requestId: z.string() });
const pageSize = 50;

const Time = z.iso.datetime({ offset: true }).optional();

export const listTraces = defineTool({
  name: "list_traces",
  title: "List traces of model calls",
  description: `Lists model calls that went through here, the newest first: who asked which model, how it ended, what it cost and took.
- Use when looking for failures, slow, dear or refused calls, or for a call whose words you remember; get_trace shows one whole.
- Without the scope write only your own calls are listed.
Example: {"outcome": "error", "model": "gpt-5-mini"}`,
  effect: "read",
  input: z.strictObject({
    from: Time.describe("Not before, ISO 8601."),
    until: Time.describe("Before, ISO 8601."),
    model: z.string().max(200).optional().describe("Model that answered."),
    service: z.string().max(100).optional().describe("Service that answered."),
    caller: z.string().max(100).optional().describe("Id of who asked."),
    origin: z
      .enum(["gateway", "tool", "internal"])
      .optional()
      .describe("From an application, a tool, or an evaluation."),
    outcome: z.enum(["ok", "partial", "cancelled", "error"]).optional().describe("How it ended."),
    cache: z.enum(["hit", "semantic", "shared", "miss", "bypass"]).optional().describe("What the cache said."),
    refusal: z.boolean().optional().describe("Whether the model declined."),
    minCostUsd: z.number().min(0).optional().describe("Cost at least, USD."),
    minTotalMs: z.number().min(0).optional().describe("Took at least, ms."),
    text: z.string().min(2).max(200).optional().describe("Part of what was said or answered, where that is kept."),
    cursor: Cursor,
  }),
  output: z.object({
    traces: z.array(
      z.object({
        requestId: z.string(),
        at: z.string(),
        caller: z.string(),
        model: z.string(),
        service: z.string(),
        mode: z.enum(["live", "local", "simulated"]),
        outcome: z.enum(["ok", "partial", "cancelled", "error"]),
        errorKind: z.string().optional(),
        cache: z.enum(["hit", "semantic", "shared", "miss", "bypass"]),
        costUsd: z.number(),
        totalMs: z.number(),
        outputTokens: z.int(),
        refusal: z.boolean(),
      }),
    ),
    nextCursor: NextCursor,
    source: Source,
  }),
  items: "traces",
  async run({ cursor, from, until, ...wish }, { services, caller }: ToolContext<Services>) {
    const scope = JSON.stringify([from, until, wish, caller.id]);
    const filter = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
    const found = await services.traces.find(
      {
        ...filter,
        ...(from !== undefined && { from: Date.parse(from) }),
        ...(until !== undefined && { until: Date.parse(until) }),
      },
      { limit: pageSize + 1, after: readCursor(cursor, scope, Position) },
      caller,
    );
    const page = found.slice(0, pageSize);
    const last = page.at(-1);
    return {
      traces: page.map((trace) => ({
        ...trace,
        at: new Date(trace.at).toISOString(),
        totalMs: Math.round(trace.totalMs),
      })),
      ...(found.length > pageSize &&
        last && { nextCursor: toCursor({ at: last.at, requestId: last.requestId }, scope) }),
      source: { service: "sophia", mode: "local" as const, costUsd: 0 },
    };
  },
});
