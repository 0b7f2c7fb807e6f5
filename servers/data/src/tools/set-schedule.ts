import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { collectionInput, toCollectionSpec } from "../collections/collection-input.ts";
import type { CollectionSchedules } from "../collections/collection-schedules.ts";
import type { Collections } from "../collections/collections.ts";

interface Services {
  schedules: Pick<CollectionSchedules, "create" | "find" | "remove">;
  collections: Pick<Collections, "plan">;
}

const Input = z.strictObject({
  ...collectionInput,
  sources: collectionInput.sources.optional(),
  cron: z.string().min(5).max(100).optional().describe('Five fields: "0 7 * * 1" is Mondays at 7.'),
  timezone: z.string().max(60).optional().describe("IANA name; default UTC."),
  removeId: z.string().max(100).optional().describe("Ends this schedule instead; from list_schedules."),
});

export const setSchedule = defineTool({
  name: "set_schedule",
  title: "Schedule a collection",
  description: `Makes a collection again and again at set times, or ends such a schedule.
- Use for "every Monday, what is new at these sites?". The arguments are those of collect, with cron. Each time obeys its budget and the monthly ones; a time that finds the one before still at work is left out.
- What each time found new or changed: get_collection with changedOnly.
Example: {"sources": [{"source": "pages", "urls": ["https://example.com/news"]}], "cron": "0 7 * * 1", "timezone": "Europe/Berlin"}`,
  effect: "update",
  input: Input,
  output: z.object({ scheduleId: z.string(), state: z.enum(["scheduled", "removed"]), source: Source }),
  async plan(input, { services, caller }: ToolContext<Services>) {
    if (input.removeId !== undefined) {
      const known = await services.schedules.find(input.removeId, caller.id);
      return {
        summary: `End the schedule of ${known.name}.`,
        changes: [{ action: "delete" as const, resource: `schedule ${known.name}`, before: known.cron }],
        blastRadius: "It is not collected any more; what was found stays.",
        risk: "low" as const,
        costPerHourUsd: 0,
        stateVersion: known.id,
      };
    }
    const { spec, cron } = readNew(input);
    const { items, mostUsd, needsApproval } = services.collections.plan(spec);
    return {
      summary: `Collect ${items} items at "${cron}", for at most ${mostUsd} USD each time.`,
      changes: [{ action: "create" as const, resource: `schedule ${cron}`, after: `${items} items each time` }],
      blastRadius: "The sources are asked at each of these times until the schedule is ended.",
      // Whatever costs something goes on costing it without anybody looking.
      risk: needsApproval || mostUsd > 0 ? ("medium" as const) : ("low" as const),
      costPerHourUsd: 0,
      stateVersion: String(mostUsd),
    };
  },
  async apply(input, _plan, { services, caller }: ToolContext<Services>) {
    const source = { service: "sophia", mode: "local" as const, costUsd: 0 };
    if (input.removeId !== undefined) {
      await services.schedules.remove(input.removeId, caller.id);
      return { scheduleId: input.removeId, state: "removed" as const, source };
    }
    const { spec, cron } = readNew(input);
    const scheduleId = await services.schedules.create({ spec, cron, timezone: input.timezone, caller: caller.id });
    return { scheduleId, state: "scheduled" as const, source };
  },
});

function readNew({ sources, cron, timezone: _timezone, removeId: _removeId, ...rest }: z.output<typeof Input>) {
  if (sources === undefined || cron === undefined) {
    throw new AppError("invalid_input", "A new schedule needs sources and cron.", {
      hint: 'For example {"sources": […], "cron": "0 7 * * 1"}; or removeId to end one.',
    });
  }
  return { spec: toCollectionSpec({ ...rest, sources }), cron };
}
