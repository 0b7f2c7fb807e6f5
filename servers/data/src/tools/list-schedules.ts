import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { CollectionSchedules } from "../collections/collection-schedules.ts";
import type { Collections } from "../collections/collections.ts";

interface Services {
  schedules: Pick<CollectionSchedules, "list">;
  collections: Pick<Collections, "plan">;
}

export const listSchedules = defineTool({
  name: "list_schedules",
  title: "List scheduled collections",
  description: `Lists your collections that are made again and again, with their next time and the most that each time costs.
- Use before schedule changes, or when something is collected that nobody asked for now. What they found: get_collection.
Example: {}`,
  effect: "read",
  items: "schedules",
  input: z.strictObject({}),
  output: z.object({
    schedules: z.array(
      z.object({
        scheduleId: z.string(),
        name: z.string().describe("Of its collections."),
        cron: z.string(),
        timezone: z.string().nullable(),
        nextRunAt: z.string(),
        lastRunAt: z.string().nullable(),
        items: z.int().nullable().describe("Each time; null: a source is not set up any more."),
        mostUsd: z.number().nullable().describe("Each time."),
      }),
    ),
    source: Source,
  }),
  async run(_input, { services, caller }: ToolContext<Services>) {
    const schedules = await services.schedules.list(caller.id);
    return {
      schedules: schedules.map(({ id, nextRunAt, lastRunAt, spec, ...rest }) => ({
        ...rest,
        scheduleId: id,
        nextRunAt: new Date(nextRunAt).toISOString(),
        lastRunAt: lastRunAt === null ? null : new Date(lastRunAt).toISOString(),
        ...planOf(services.collections, spec),
      })),
      source: { service: "sophia", mode: "local" as const, costUsd: 0 },
    };
  },
});

function planOf(collections: Services["collections"], spec: Parameters<Collections["plan"]>[0]) {
  try {
    const { items, mostUsd } = collections.plan(spec);
    return { items, mostUsd };
  } catch {
    return { items: null, mostUsd: null };
  }
}
