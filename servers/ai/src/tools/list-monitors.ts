import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import type { MonitorDesk } from "../quality/monitor-desk.ts";
import { monitorWords } from "../quality/plan-monitor.ts";

interface Services {
  monitors: MonitorDesk;
}

const pageSize = 50;

export const listMonitors = defineTool({
  name: "list_monitors",
  title: "List Arize monitors",
  description: `Lists the monitors that Arize keeps over the traces: drift, performance and data quality, with threshold and newest value.
- Use when asked what Arize watches, or which of its monitors are triggered; check_models finds drift without Arize.
Example: {"status": "triggered"}`,
  effect: "read",
  openWorld: true,
  input: z.strictObject({
    category: z.enum(monitorWords.categories).optional().describe("Only this kind."),
    status: z.enum(monitorWords.statuses).optional().describe("Only those in this state."),
    project: z.string().max(200).optional().describe("Only those of this project. Default: all of the space."),
    cursor: Cursor,
  }),
  output: z.object({
    monitors: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        category: z.enum(monitorWords.categories),
        metric: z.string().optional(),
        status: z.string(),
        operator: z.string(),
        threshold: z.number().optional(),
        latestValue: z.number().optional(),
        evaluatedAt: z.string().optional(),
        notes: z.string().optional(),
      }),
    ),
    nextCursor: NextCursor,
    source: Source,
  }),
  items: "monitors",
  async run({ category, status, project, cursor }, { services, signal }: ToolContext<Services>) {
    const { monitors } = services;
    const scope = JSON.stringify([category, status, project]);
    const client = await monitors.client();
    const page = await client.fetchMonitors(
      { category, status, modelName: project },
      { limit: pageSize, after: readCursor(cursor, scope, z.string()) },
      signal,
    );
    return {
      monitors: page.monitors.map(({ updatedAt: _updated, ...monitor }) => withoutUndefined(monitor)),
      ...(page.next !== undefined && { nextCursor: toCursor(page.next, scope) }),
      source: { service: "arize", mode: monitors.mode, costUsd: 0 },
    };
  },
});

function withoutUndefined<Shape extends object>(
  value: Shape,
): { [Name in keyof Shape]: Exclude<Shape[Name], undefined> } {
  const defined = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(defined) as { [Name in keyof Shape]: Exclude<Shape[Name], undefined> };
}
