import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { MonitorDesk } from "../quality/monitor-desk.ts";
import { monitorWords, planMonitorChange, planNewMonitor, requireNewMonitor } from "../quality/plan-monitor.ts";

interface Services {
  monitors: MonitorDesk;
}

export const setMonitor = defineTool({
  name: "set_monitor",
  title: "Make or change an Arize monitor",
  description: `Plans a new monitor in Arize, or other thresholds for one; a person approves before anything happens.
- Use when Arize shall watch drift, performance or data quality, or a monitor triggers too often or too late.
- With monitorId it changes that one; without, it makes one over the project of the traces.
- Metrics: psi, js, kl, euclideanDistance (drift); accuracy, precision, recall, f_1, mae, rmse (performance); percentEmpty, cardinality, newValues, p50, p95, p99, avg, count (dataQuality).
Example: {"category": "drift", "name": "Prompt drift", "metric": "psi", "threshold": 0.2}`,
  effect: "update",
  openWorld: true,
  input: z.strictObject({
    monitorId: z.string().min(1).max(200).optional().describe("Id from list_monitors, to change that one."),
    category: z.enum(monitorWords.categories).optional().describe("Kind of a new monitor."),
    name: z.string().min(1).max(200).optional().describe("Its name."),
    metric: z.string().max(100).optional().describe("What a new monitor watches; see above."),
    operator: z
      .enum(monitorWords.operators)
      .optional()
      .describe("Triggers when the value is … the threshold. Default greaterThan."),
    threshold: z.number().optional().describe("Where it triggers."),
    notes: z.string().max(2_000).optional().describe("For people."),
  }),
  output: z.object({
    id: z.string(),
    name: z.string(),
    category: z.enum(monitorWords.categories),
    operator: z.string(),
    threshold: z.number().optional(),
    status: z.string(),
    source: Source,
  }),
  async plan(wish, { services, signal }: ToolContext<Services>) {
    const client = await services.monitors.client();
    if (wish.monitorId === undefined) return planNewMonitor(wish, services.monitors.project);
    return planMonitorChange(await client.fetchMonitor(wish.monitorId, signal), wish);
  },
  async apply(wish, _plan, { services, signal }: ToolContext<Services>) {
    const { monitors } = services;
    const client = await monitors.client();
    const { monitorId, name, operator, threshold, notes } = wish;
    const done =
      monitorId === undefined
        ? await client.createMonitor({ ...requireNewMonitor(wish), modelName: monitors.project, notes }, signal)
        : await client.patchMonitor(
            await client.fetchMonitor(monitorId, signal),
            { name, operator, threshold, notes },
            signal,
          );
    return {
      id: done.id,
      name: done.name,
      category: done.category,
      operator: done.operator,
      ...(done.threshold !== undefined && { threshold: done.threshold }),
      status: done.status,
      source: { service: "arize", mode: monitors.mode, costUsd: 0 },
    };
  },
});
