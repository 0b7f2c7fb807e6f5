import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { measureNames } from "../quality/measure.ts";
import { renderQuality } from "../quality/render-quality.ts";
import type { Quality } from "../quality/quality.ts";

interface Services {
  quality: Quality;
}

const hourMs = 3_600_000;

const Measure = z.object({
  name: z.enum(measureNames),
  reference: z.number().describe("Before: a share, milliseconds, characters or a score, by the measure."),
  current: z.number().describe("Now."),
  verdict: z.enum(["steady", "worse", "better", "changed", "too_few"]),
  severity: z.enum(["info", "warning", "critical"]).optional(),
  qValue: z.number().optional().describe("Chance of a false alarm, over all comparisons of this report."),
  lower: z.number().optional().describe("Least difference of the shares, 95 %."),
  upper: z.number().optional().describe("Largest difference."),
  since: z.string().optional().describe("About when it changed, ISO 8601."),
});

export const checkModels = defineTool({
  name: "check_models",
  title: "Check models for drift and quality",
  description: `Compares each model with its own recent past: errors, latency, refusals, length, judge and feedback scores, what is asked.
- Use when answers seem worse or slower, before trusting a model more, or to see what is wrong now.
- Only changes that are both significant (over all comparisons) and large are called worse; runs hourly by itself and opens alerts.
- measures "changed" leaves the steady ones out; acknowledge takes ids of alerts somebody works on.
Example: {"windowHours": 24, "referenceDays": 7}`,
  effect: "read",
  input: z.strictObject({
    model: z.string().min(1).max(200).optional().describe("Only this model."),
    windowHours: z.number().min(1).max(336).default(24).describe("The period that is judged, up to now, in hours."),
    referenceDays: z.number().min(1).max(28).default(7).describe("The period before it that it is compared with."),
    measures: z.enum(["changed", "all"]).default("changed").describe("Which measures to show."),
    acknowledge: z.array(z.string().max(100)).max(50).default([]).describe("Ids of alerts that somebody works on."),
  }),
  output: z.object({
    models: z.array(
      z.object({
        model: z.string(),
        service: z.string(),
        status: z.enum(["critical", "warning", "changed", "steady", "too_few"]),
        calls: z.int().describe("Fresh calls in the period; answers from cache do not count."),
        referenceCalls: z.int(),
        measures: z.array(Measure),
        next: z.array(z.string()).describe("What to do."),
      }),
    ),
    alerts: z.array(
      z.object({
        id: z.string(),
        severity: z.enum(["info", "warning", "critical"]),
        state: z.enum(["open", "acknowledged", "resolved"]),
        at: z.string(),
        title: z.string(),
        detail: z.string(),
      }),
    ),
    from: z.string(),
    until: z.string(),
    referenceFrom: z.string(),
    source: Source,
  }),
  items: "models",
  render: renderQuality,
  async run({ model, windowHours, referenceDays, measures, acknowledge }, { services, caller }: ToolContext<Services>) {
    const { quality } = services;
    for (const id of acknowledge) {
      if (await quality.acknowledge(id, caller.id)) continue;
      throw new AppError("not_found", "One of the alerts to acknowledge is unknown, or over.", {
        hint: "Leave acknowledge out to see the alerts that stand, with their ids.",
      });
    }
    const report = await quality.check({
      windowMs: windowHours * hourMs,
      referenceMs: referenceDays * 24 * hourMs,
      ...(model !== undefined && { model }),
    });
    const alerts = await quality.alerts();
    return {
      models: report.models.map((judged) => ({
        ...judged,
        measures: judged.measures
          .filter(({ verdict }) => measures === "all" || (verdict !== "steady" && verdict !== "too_few"))
          .map(({ interval, since, reference, current, qValue, name, verdict, severity }) => ({
            name,
            reference: round(reference),
            current: round(current),
            verdict,
            ...(severity !== undefined && { severity }),
            ...(qValue !== undefined && { qValue: round(qValue) }),
            ...(interval && { lower: round(interval.lower), upper: round(interval.upper) }),
            ...(since !== undefined && { since: toTime(since) }),
          })),
      })),
      alerts: alerts.slice(0, 50).map(({ id, severity, state, at, title, detail }) => ({
        id,
        severity,
        state,
        at: toTime(at),
        title,
        detail: detail.slice(0, 500),
      })),
      from: toTime(report.from),
      until: toTime(report.until),
      referenceFrom: toTime(report.referenceFrom),
      source: { service: "sophia", mode: "local" as const, costUsd: 0, asOf: toTime(report.until) },
    };
  },
});

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function toTime(at: number): string {
  return new Date(at).toISOString();
}
