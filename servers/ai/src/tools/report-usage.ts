import type { Caller } from "@sophia/core/approval/caller";
import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import type { CallLog } from "../usage/call-log.ts";
import type { Usage } from "../usage/create-usage.ts";
import { drawReport } from "../usage/draw-report.ts";
import { joinPoints } from "../usage/join-points.ts";
import { renderReport } from "../usage/render-report.ts";
import * as figures from "../usage/report-schemas.ts";
import type { UsageFilter } from "../usage/read-usage.ts";
import type { UnusualDay } from "../usage/unusual-days.ts";
import type { UsageReports } from "../usage/usage-reports.ts";

interface Services {
  usage: Pick<Usage, "reports" | "budgets" | "callers">;
  callLog: Pick<CallLog, "flush" | "status">;
}

const name = z.string().min(1).max(200).optional();
const time = z.string().max(40).optional();

export const reportUsage = defineTool({
  name: "report_usage",
  title: "Report AI usage and cost",
  description: `Tells what model calls used and cost, by model, caller or time, with savings, forecast, unusual days, budgets and advice worth money.
- Use when somebody asks what AI costs, why it rose, who spends it, what cache and routing save, or what the month will come to.
- Days are UTC. Without since it covers the last 30 days. Savings compare with the same tokens at a baseline model.
- A token with the scope read alone sees its own calls. caller, model and service narrow the report; groupBy splits it. The rest comes with the first page only.
Example: {"since": "2026-11-01", "groupBy": "caller"}`,
  effect: "read",
  deadlineMs: 20_000,
  items: "groups",
  input: z.strictObject({
    since: time.describe("First day (2026-11-01) or hour (2026-11-01T08:00Z)."),
    until: time.describe("Last day, included, or hour. Default: now."),
    groupBy: z
      .enum(["service", "model", "caller", "day", "hour", "cache", "route", "category", "operation", "origin"])
      .default("model")
      .describe("What the groups are; category is a kind of request."),
    service: name.describe("Only this service."),
    model: name.describe("Only this model."),
    caller: name.describe("Only this key, by name or id."),
    category: name.describe("Only this kind of request."),
    operation: z.enum(["chat", "embeddings", "rerank"]).optional().describe("Only this operation."),
    limit: z.int().min(1).max(200).default(25).describe("Most groups to return."),
    cursor: Cursor,
  }),
  output: z.object({
    since: z.string(),
    until: z.string(),
    groupBy: z.string(),
    total: figures.UsageFigures,
    groups: z.array(figures.UsageFigures.extend({ group: z.string(), name: z.string().optional() })),
    totalGroups: z.int(),
    series: z.array(figures.SeriesPoint).optional().describe("Cost over time, as drawn."),
    savings: figures.SavingsFigures.optional().describe("Absent where no call has a baseline price."),
    forecast: figures.ForecastFigures.optional(),
    unusual: z.array(figures.UnusualDayFigures).optional(),
    advice: z.array(figures.AdviceFigures).optional(),
    budgets: z.array(figures.BudgetFigures).optional().describe("The fullest first."),
    notes: z.array(z.string()).describe("What these figures leave out."),
    nextCursor: NextCursor,
    source: Source,
  }),
  render: renderReport,
  attach(report) {
    const picture = drawReport(report);
    return picture ? [{ type: "image", mimeType: "image/png", data: picture.toString("base64") }] : [];
  },
  async run(input, { services, caller: asking }: ToolContext<Services>) {
    const { usage, callLog } = services;
    const { limit, cursor, since, until, groupBy, caller, ...rest } = input;
    const scope = JSON.stringify({ ...input, cursor: undefined });
    const page = readCursor(cursor, scope, Page);
    // What was answered a moment ago belongs in.
    if (!page) await callLog.flush();
    const wanted = caller === undefined ? undefined : await findCaller(usage.callers, caller);
    const filter = dropUndefined({ ...rest, caller: narrowToOwn(asking, wanted) });
    // Later pages are of the same stretch of time, however late they are asked for.
    const { start, ...asked } = page ?? { start: 0, ...usage.reports.parseRange({ since, until }) };
    const { range, groups, total } = await usage.reports.groups({ range: asked, groupBy, filter });
    const end = start + limit;
    const names = groupBy === "caller" ? await usage.callers.names() : new Map<string, string>();
    return {
      since: toText(range.since),
      until: toText(range.until),
      groupBy,
      total,
      groups: groups.slice(start, end).map((group) => {
        const named = names.get(group.group);
        return { ...group, ...(named !== undefined && { name: named }) };
      }),
      totalGroups: groups.length,
      ...(page === undefined && (await describeAll(usage, { range, filter }))),
      notes: toNotes(total, {
        isOwn: !seesAll(asking),
        simulated: await countSimulated(usage.reports, { range, filter }),
        ...callLog.status(),
      }),
      ...(end < groups.length && { nextCursor: toCursor({ ...asked, start: end }, scope) }),
      source: { service: "sophia", mode: "local" as const, costUsd: 0 },
    };
  },
});

const Page = z.object({ start: z.int().min(0), since: z.int(), until: z.int() });

type Asked = Parameters<UsageReports["series"]>[0];

async function describeAll({ reports, budgets, callers }: Services["usage"], asked: Asked) {
  const names = await callers.names();
  const nameOf = (id: string): string => (id === "*" ? "all" : (names.get(id) ?? id));
  const points = joinPoints(await reports.series(asked));
  const savings = await reports.savings(asked);
  const forecast = await reports.forecast(asked.filter);
  const states = await budgets.states();
  const mine = states.filter(({ caller }) => asked.filter.caller === undefined || caller === asked.filter.caller);
  return {
    series: points.map(({ time: at, ...point }) => ({ time: toText(at), ...point })),
    ...(savings && { savings }),
    ...(forecast && { forecast }),
    unusual: (await reports.unusual(asked)).map((day) => nameCallers(day, nameOf)),
    advice: await reports.advice(asked),
    budgets: mine.slice(0, 20).map(({ caller, ...state }) => ({ ...state, caller: nameOf(caller) })),
  };
}

/** An application's key may read what it spends itself; the whole bill is for whoever may change its limits. */
function seesAll({ scopes }: Caller): boolean {
  return scopes.includes("write");
}

function narrowToOwn(asking: Caller, wanted: string | undefined): string | undefined {
  if (seesAll(asking)) return wanted;
  if (wanted === undefined || wanted === asking.id) return asking.id;
  throw new AppError("denied", "A token with the scope read alone sees its own calls only.", {
    hint: "Leave caller out, or use a token made with --scope read,write.",
  });
}

/** People know keys by their names. */
function nameCallers(day: UnusualDay, nameOf: (id: string) => string): UnusualDay {
  const { of, name, driver } = day;
  return {
    ...day,
    ...(of === "caller" && name !== undefined && { name: nameOf(name) }),
    ...(driver && { driver: driver.dimension === "caller" ? { ...driver, name: nameOf(driver.name) } : driver }),
  };
}

/** A caller whose token is gone is asked for by id. */
async function findCaller(callers: Services["usage"]["callers"], nameOrId: string): Promise<string> {
  const names = await callers.names();
  return names.has(nameOrId) ? nameOrId : (await callers.find(nameOrId)).id;
}

async function countSimulated(reports: UsageReports, asked: Asked): Promise<number> {
  const { groups } = await reports.groups({ ...asked, groupBy: "mode" });
  return groups.find(({ group }) => group === "simulated")?.calls ?? 0;
}

function toNotes(
  { calls, unpricedCalls }: z.infer<typeof figures.UsageFigures>,
  { simulated, dropped, isOwn }: { simulated: number; dropped: number; isOwn: boolean },
): string[] {
  return [
    ...(isOwn ? ["This token has the scope read alone: these are its own calls."] : []),
    ...(simulated > 0
      ? [`${simulated} of ${calls} calls were answered by simulators: no model was asked, nothing was paid.`]
      : []),
    ...(unpricedCalls > 0
      ? [`${unpricedCalls} calls went to models that no price list has: they count as 0 USD.`]
      : []),
    ...(dropped > 0 ? [`${dropped} calls were not logged since the start: the store was away or too slow.`] : []),
  ];
}

function toText(at: number): string {
  return new Date(at).toISOString().replace(/:\d\d\.\d{3}Z$/, "Z");
}

function dropUndefined(fields: { [Name in keyof UsageFilter]?: string | undefined }): UsageFilter {
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given);
}
